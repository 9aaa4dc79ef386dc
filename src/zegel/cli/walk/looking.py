"""What anybody can see of a party: that its access certificate is logged, and its registration not withdrawn.

The walk looks as a wallet does, and keeps nothing from one look to the next.
"""

from pathlib import Path
from typing import Final

from zegel.adapters.clock import SystemClock
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.trust_files import load_trust
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.formats.credential import StatusReference
from zegel.formats.status.registered import check_registration_status
from zegel.primitives.x509 import Certificate
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.trust.access import verify_access_chain
from zegel.trust.anchors import Purpose
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.values import CurrentRegistration
from zegel.trust.registration.verify import check_registration_party, verify_registration
from zegel.trust.transparency.timestamps import verify_timestamps

_KEEP: Final = 1  # seconds, the least that a reader can be told


def look_at_access(config: Config) -> Certificate:
    """That Tax online's sign-in asks with a certificate of which the log proves that it holds it; ``Rejected`` else."""
    now = SystemClock().now()
    anchors = load_trust([config.trust.folder], now=now)
    x5c = tuple(each.der for each in load_certificates(config.provider.access_chain))
    chain = verify_access_chain(x5c, anchors=anchors, timestamps_required=True, now=now)
    issuer = next(iter(chain.between), None) or chain.anchor.certificate.parse()
    found = verify_timestamps(chain.leaf, issuer=issuer, logs=anchors.logs, required=True, now=now)
    if all(timestamp.tree_size is None for timestamp in found.timestamps):
        raise Unavailable("access certificate", "it carries no proof that it is in the log")
    return found.certificate


async def look_at_registration(config: Config, token: str, *, web_ca: Path | None) -> CurrentRegistration:
    """That a registration certificate is signed by who may, and is not withdrawn; ``Rejected`` else."""
    clock = SystemClock()
    anchors = load_trust([config.trust.folder], now=clock.now())
    verified = verify_registration(parse_registration(token), anchors=anchors, now=clock.now())
    party = verified.certificate
    bound = check_registration_party(verified, identifier=party.identifier, service=party.service)
    outbound = HttpOutbound(loopback_origins=config.loopback_origins(), web_authority=web_ca)
    try:
        fixed = [anchor for purpose in Purpose for anchor in anchors.of(purpose)]
        trust = Trust((), fixed=fixed, clock=clock, revocation=anchors.revocation)
        reader = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=_KEEP)
        reference = None if party.status is None else StatusReference(uri=party.status.uri, index=party.status.index)
        listed = await reader.fetch_status_list(reference, purpose=Purpose.REGISTRATION_STATUS)
    finally:
        await outbound.aclose()
    return check_registration_status(bound, listed, now=clock.now())
