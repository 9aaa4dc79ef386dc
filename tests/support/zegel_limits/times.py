"""How long things live: a second before its end each is taken, and at its end no more."""

import asyncio
from collections.abc import Mapping
from typing import Final

from zegel_testing import parsers
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import drive, log_in, plain_issuer, ready_for, redeem, wallet_client
from zegel_testing.list_descriptions import LASTING_SIGNER, issued_list
from zegel_testing.openid4vp import session
from zegel_testing.relying_party import ListInHand, pid_list

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.dpop import sign_dpop
from zegel.protocols.oauth.lifetimes import check_recent
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization, renew, return_from_browser
from zegel.protocols.openid4vp.verifier import CrossDevice, check_open
from zegel.services.trust import Trust
from zegel.services.wallet_provider import check_nonce
from zegel.trust.attestation import WalletDescription, sign_wallet_attestation
from zegel.trust.lists.values import ListType
from zegel_limits.pair import Pair
from zegel_limits.skews import possession, trusted_list

_URL: Final = "https://issuer.utopia.example/credential"


def _nonce(age: int) -> object:
    nonces, purpose = Nonces(key=b"k" * 32), NoncePurpose.CREDENTIAL_PROOF
    value = nonces.issue(purpose, now=NOW, random=fixed_random("nonce"))
    return nonces.verify(value, purpose=purpose, now=NOW + age, check=Check.PROOF_NONCE)


def _after_browsing(wait_before: int = 0, wait_after: int = 0) -> object:
    """A log-in whose browser comes so late, and whose wallet redeems the code so late."""
    issuer, client = plain_issuer(), wallet_client(plain_issuer().profile)
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    pause = drive(begin_authorization(ready, client=client, now=issuer.now, random=issuer.random), issuer)
    issuer.now += wait_before
    back = issuer.browse(pause.url)
    issuer.now += wait_after
    return drive(return_from_browser(pause, back, now=issuer.now, random=issuer.random), issuer)


def _listed(age: int) -> object:
    """A list that was fetched so long ago."""
    clock = ManualClock(NOW)
    trust = Trust((ListInHand(ListType.PID_PROVIDERS, pid_list()),), fixed=(), clock=clock)
    asyncio.run(trust.refresh())
    clock.advance(age)
    return trust.check_fresh()


def _pre_authorized(age: int) -> object:
    issuer = plain_issuer()
    offer = issuer.offer("id-sdjwt", pre_authorized=True)
    issuer.now += age
    return redeem(issuer, offer, wallet_client(issuer.profile))


def _access(age: int) -> object:
    issuer = plain_issuer()
    token = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(issuer.profile)).session.tokens.access_token
    issuer.now += age
    proof = sign_dpop(
        fixed_key("dpop"),
        method="POST",
        url=_URL,
        now=issuer.now,
        random=issuer.random,
        nonce=issuer.server.nonces.issue(NoncePurpose.DPOP, now=issuer.now, random=issuer.random),
        access_token=token,
    )
    headers = (("authorization", f"DPoP {token}"), ("dpop", proof))
    return issuer.authorized(HttpRequest(method="POST", url=_URL, headers=headers))


def _refresh(age: int) -> object:
    issuer = plain_issuer()
    client, offer = wallet_client(issuer.profile), issuer.offer("id-sdjwt")
    held = log_in(issuer, offer, client).session
    ready = ready_for(issuer, offer)
    issuer.now += age
    step = renew(
        ready,
        client=client,
        server=held.server.issuer,
        refresh_token=held.tokens.refresh_token,
        now=issuer.now,
        random=issuer.random,
    )
    return drive(step, issuer)


def _attested(lifetime: int) -> object:
    return sign_wallet_attestation(
        signer=parsers.ISSUER.key,
        chain=parsers.ISSUER.chain,
        provider="https://provider.example",
        client_id="https://provider.example/wallet",
        key=parsers.KEY.public_key,
        wallet=WalletDescription(name="W"),
        now=NOW,
        expires=NOW + lifetime,
    )


TIMES: Final[Mapping[str, Pair]] = {
    "zegel.protocols.oauth.lifetimes.NONCE_SECONDS": Pair(_nonce, Check.PROOF_NONCE, says="has expired", ends=True),
    "zegel.protocols.oauth.lifetimes.PAST_SECONDS": Pair(
        lambda n: check_recent({"iat": NOW - n}, now=NOW, check=Check.DPOP_PROOF), Check.DPOP_PROOF
    ),
    "zegel.protocols.oauth.lifetimes.REQUEST_URI_SECONDS": Pair(
        lambda n: _after_browsing(wait_before=n), Check.PUSHED_REQUEST, says="used or expired", ends=True
    ),
    "zegel.protocols.oauth.lifetimes.CODE_SECONDS": Pair(
        lambda n: _after_browsing(wait_after=n), Check.PEER_REFUSAL, says="invalid_grant", ends=True
    ),
    "zegel.protocols.oauth.lifetimes.PRE_AUTHORIZED_SECONDS": Pair(
        _pre_authorized, Check.OFFER_OPEN, says="invalid_grant", ends=True
    ),
    "zegel.protocols.oauth.lifetimes.ACCESS_TOKEN_SECONDS": Pair(
        _access, Check.ACCESS_TOKEN, says="expired", ends=True
    ),
    "zegel.protocols.oauth.lifetimes.REFRESH_TOKEN_SECONDS": Pair(
        _refresh, Check.PEER_REFUSAL, says="invalid_grant", ends=True
    ),
    "zegel.protocols.openid4vp.verifier.SAME_DEVICE_SECONDS": Pair(
        lambda n: check_open(session(), now=NOW + n), Check.ANSWERED_ONCE, says="expired", ends=True
    ),
    "zegel.protocols.openid4vp.verifier.CROSS_DEVICE_SECONDS": Pair(
        lambda n: check_open(session(flow=CrossDevice()), now=NOW + n), Check.ANSWERED_ONCE, says="expired", ends=True
    ),
    "zegel.services.trust_ports.MAX_AGE": Pair(_listed, Unavailable, says="overdue", ends=True),
    "zegel.services.wallet_provider._MAX_NONCE": Pair(lambda n: check_nonce("n" * n)),
    "zegel.services.wallet_requests.POSSESSION_SECONDS": Pair(
        lambda n: possession(NOW - n), Check.POSSESSION, says="of this minute"
    ),
    "zegel.trust.attestation.MAX_LIFETIME": Pair(_attested, ValueError, says="24 hours"),
    "zegel.trust.lists.issue.MAX_DAYS": Pair(lambda n: issued_list(days=n, signer=LASTING_SIGNER)),
    "zegel.trust.lists.verify.MAX_PERIOD": Pair(
        lambda n: trusted_list(issued_at=NOW, next_update=NOW + n), Check.LIST_FRESHNESS, says="within six months"
    ),
}
