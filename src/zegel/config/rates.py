# ruff: noqa: RUF009 each call declares a field
"""How often each role may be asked: a section a role, one setting an address and one a session.

A number is what may come at once, and what comes back within a minute.
"""

from dataclasses import dataclass
from typing import final

from zegel.config.setting import Count, setting


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRates:
    """The issuer's. A telephone network or an office may be one address, so that what is cheap is not rare."""

    log_in: Count = setting(Count(30), "log-ins a minute from one address: passwords, and returns from elsewhere")
    log_in_name: Count = setting(
        Count(30), "passwords of one log-in name in a quarter of an hour, from wherever; counted in the database"
    )
    request: Count = setting(Count(300), "browsers that wallets send to log in, a minute from one address")
    par: Count = setting(Count(600), "pushed authorization requests a minute from one address")
    token: Count = setting(Count(600), "token requests a minute from one address")
    # five tries of a transaction code, each of which may first be told a fresh nonce and a fresh challenge
    token_session: Count = setting(Count(20), "token requests a minute with one code or refresh token")
    offer: Count = setting(Count(60), "offers made at the issuer's page, a minute from one address")
    offer_session: Count = setting(Count(10), "the same a minute from one browser")
    nonce: Count = setting(Count(1_200), "nonces and challenges a minute from one address")
    operator_token: Count = setting(Count(10), "wrong operator tokens a minute from one address; a right one is taken")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierRates:
    """The verifier's. Who asks is the operator's own service, for everybody who comes to it."""

    request: Count = setting(Count(1_800), "requests made at the operator API, a minute from one address")
    request_session: Count = setting(Count(30), "requests made a minute for one initiator")
    operator_token: Count = setting(Count(10), "wrong operator tokens a minute from one address; a right one is taken")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRates:
    """The provider's. Its token endpoint is asked by services, each with all of its people behind one address."""

    request: Count = setting(Count(600), "sign-ins begun, and codes to scan, a minute from one address")
    request_session: Count = setting(Count(30), "the same with the cookie of one browser session")
    token: Count = setting(Count(6_000), "token requests a minute from one address")
    token_session: Count = setting(Count(10), "token requests a minute with one code")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRates:
    """The door's, whose doorkeepers are few. What is asked there is kept in memory for as long as it is open."""

    request: Count = setting(Count(120), "wallets asked, and codes looked at, a minute from one address")
    request_session: Count = setting(Count(60), "the same with the cookie of one browser session")
    # a page sends two and a half a second
    frame: Count = setting(Count(600), "frames of cameras looked at, a minute from one address")
    frame_session: Count = setting(Count(200), "the same with the cookie of one browser session")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRates:
    """The wallet's, which has one owner, at one machine."""

    passphrase: Count = setting(Count(10), "passphrases a minute from all browsers of this machine")
    passphrase_session: Count = setting(Count(5), "passphrases a minute from one browser")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProviderRates:
    """The wallet provider's, which signs for whoever shows a key."""

    attestation: Count = setting(Count(600), "attestations of wallets and of keys, a minute from one address")
    operator_token: Count = setting(Count(10), "wrong operator tokens a minute from one address; a right one is taken")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyLogRates:
    """The log's. What is taken in stays for good; authorities submit each certificate once."""

    submission: Count = setting(Count(600), "certificates and pre-certificates submitted, a minute from one address")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarRates:
    """The registrar's, which it publishes (TS5 1.3 section 3.2.3)."""

    register: Count = setting(Count(300), "reads of the register, a minute from one address")
    request: Count = setting(Count(60), "applications, changes and decisions, a minute from one address")
    log_in: Count = setting(Count(30), "sign-ins begun and ended, a minute from one address")
    operator_token: Count = setting(Count(10), "wrong operator tokens a minute from one address; a right one is taken")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAuthorityRates:
    """The access authority's. An order asks the register, and its end asks the hosts and the log."""

    request: Count = setting(Count(60), "orders made and finished, a minute from one address")
    operator_token: Count = setting(Count(10), "wrong operator tokens a minute from one address; a right one is taken")
