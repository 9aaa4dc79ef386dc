"""What an access certificate says: what is registered of its party and of one Service of it, and nothing else.

ETSI TS 119 411-8 section 6.6.1, EN 319 412-2 and 412-3; ARF 3.0 Reg_31 to Reg_35.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.http import origin_of
from zegel.primitives.keys import PublicKey
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, Draft, Policy, SubjectName, draft_certificate
from zegel.trust.register.values import Service, WalletRelyingParty

NATURAL_PERSON: Final = "0.4.0.194118.1.1"  # NCP-n-eudiwrp, TS 119 411-8 section 5.3
LEGAL_PERSON: Final = "0.4.0.194118.1.2"  # NCP-l-eudiwrp


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What is certified: a Service of a party that is registered, and its key at hosts of the party.

    ``origins`` has the origin of each host, as it is registered.
    """

    party: WalletRelyingParty
    service: Service
    key: PublicKey
    origins: Mapping[str, str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the authority publishes what it revoked, its own certificate, and its practice statement."""

    revocations: str
    certificate: str
    statement: str


def registered_origins(party: WalletRelyingParty) -> Mapping[str, str]:
    """The origin of each host that a party has registered pages at: those about it, and those for support.

    TS5 1.3 has no member for the hosts of relying-party instances; these are the ones that an officer has seen. Where a
    host stands there twice, the first counts.
    """
    pages = (*party.information, *(each for each in party.support if each.startswith(("https:", "http:"))))
    origins: dict[str, str] = {}
    for page in pages:
        origins.setdefault(urlsplit(page).hostname or "", origin_of(page, what="registration"))
    return origins


def check_certifiable(party: WalletRelyingParty, *, service: str, key: PublicKey, hosts: tuple[str, ...]) -> Certified:
    """What is to be certified, if the party has registered the Service and each host (Reg_10a, Reg_33).

    ``Rejected`` with ACCESS_REGISTRATION or ACCESS_HOST.
    """
    known = {each.identifier: each for each in party.services}
    if service not in known:
        raise Rejected(Check.ACCESS_REGISTRATION, "expected a Service that the party has registered", field="service")
    if not hosts:
        raise Rejected(Check.ACCESS_HOST, "expected a host at which the certificate is used", field=_NAMES)
    registered = registered_origins(party)
    for position, host in enumerate(hosts):
        if host not in registered:
            detail = f"{host} is not a host of a page that the party has registered"
            raise Rejected(Check.ACCESS_HOST, detail, field=f"{_NAMES}[{position}]")
    return Certified(party=party, service=known[service], key=key, origins={host: registered[host] for host in hosts})


def check_named(certified: Certified, certificate: Certificate) -> Certificate:
    """Return a certificate that was issued for this, if it still names party and Service as they are registered.

    The registration certificates do since their change was approved, and both are to say the same (Reg_31, Reg_32a,
    Reg_34; RPRC_06, RPRC_07a). ``Rejected(ACCESS_REGISTRATION)`` otherwise.
    """
    for name, of, registered in (
        ("O", "party", certified.party.trade_name),
        ("CN", "Service", certified.service.trade_name),
    ):
        if certificate.names.get(name) != registered:
            detail = f"the trade name of the {of} is not as it is registered any more"
            raise Rejected(Check.ACCESS_REGISTRATION, detail, field=name)
    return certificate


_NAMES: Final = "request.subjectAltName"


def draft_access_certificate(
    authority: Authority,
    certified: Certified,
    *,
    addresses: Addresses,
    now: int,
    days: int,
    random: Callable[[int], bytes],
) -> Draft:
    """Settle the certificate, by the profile (Reg_31 to Reg_34)."""
    party, service = certified.party, certified.service
    person = None if party.person is None else (party.person.given_name, party.person.family_name)
    return draft_certificate(
        authority,
        SubjectName(
            country=party.country,
            organization=party.trade_name,  # Reg_31: the same name as in the registration certificate
            common_name=service.trade_name,
            identifier=party.identifier,
            unit=service.identifier,
            person=person,
        ),
        key=certified.key,
        purpose=Purpose.ACCESS,
        now=now,
        days=days,
        random=random,
        dns_names=tuple(certified.origins),
        # TS 119 411-8 GEN-6.6.1: how the party is reached; a mail address or a number stands in the register
        uris=tuple(each for each in party.support if each.startswith(("https:", "http:"))) or tuple(party.information),
        crl_url=addresses.revocations,
        policy=Policy(identifier=LEGAL_PERSON if person is None else NATURAL_PERSON, statement=addresses.statement),
        issuer_url=addresses.certificate,
    )
