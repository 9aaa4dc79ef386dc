"""The register of Utopia before its registrar starts, and the certificates that its parties show at first.

Whoever is certified is registered: somebody applied, somebody else approved, and both stand in the log of changes. So
each role has its next certificate from the registrar, which renews it by itself from then on. The first ones are in
force for half a year, so that this is seen, and their status list is a file that the trust role serves.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import create_owner_only
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.sandbox.authorities import CONTACT, COUNTRY, SIGNER_DAYS, revocation_url, write_identity
from zegel.adapters.sandbox.parties import utopian_parties
from zegel.adapters.sandbox.plan import SandboxPlan
from zegel.adapters.sql.store import open_store
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import sign_status_list_jwt
from zegel.primitives.keys import random_private_key
from zegel.primitives.x509 import DAY
from zegel.services.register_ports import Entry
from zegel.services.registrar import RegistrarService
from zegel.trust.anchors import Purpose
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.authority import Authority, SubjectName, issue_certificate
from zegel.trust.register.states import Actor, Duty
from zegel.trust.register.values import WalletRelyingParty
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.sign import sign_registration_jwt
from zegel.trust.registration.values import RegistrationCertificate
from zegel.trust.signing import CertifiedSigner

REGISTRATIONS: Final[Mapping[str, str]] = {
    "issuer": "keys/issuer-registration.jwt",
    "issuer-asking": "keys/issuer-asking-registration.jwt",
    "verifier": "keys/verifier-registration.jwt",
    "tax-online": "keys/tax-online-registration.jwt",
    "registrar": "keys/registrar-registration.jwt",
    "door": "keys/door-registration.jwt",
}
"""The file of each certificate, from the sandbox's folder."""

STATUS_PATH: Final = "/status/"
STATUS_FILE: Final = "registration.status"
SIGNER_FILE: Final = "registration"
REGISTER_DATABASE: Final = "data/registrar.db"  # where the registrar looks for it, unless it is told otherwise
REGISTER_SEAL: Final = "keys/registrar.seal"
OFFICER: Final = "officer"
"""In whose name the sandbox's parties were approved."""
_ENTRIES: Final = 4_096  # nobody can tell from an index which of them it is about
_DAYS: Final = 180  # GEN-5.2.4-08: at most twelve months
_TTL: Final = 43_200
_BRISK_TTL: Final = 60  # the least that a reader takes for one


def create_registrations(
    folder: Path,
    plan: SandboxPlan,
    root: Authority,
    *,
    trust_folder: Path,
    catalogue: Catalogue,
    now: int,
    random: Callable[[int], bytes],
) -> None:
    """Register the parties, sign each certificate, and the list that says that none of them is revoked."""
    signer = _certify_provider(folder, plan, root, now=now, random=random)
    registrar = _OpenedRegister(folder, plan, signer, _Moment(now - DAY // 2), random)
    entries = registrar.register(utopian_parties(plan, catalogue))
    uri = plan.origin("trust") + STATUS_PATH + STATUS_FILE
    indices = _indices(len(REGISTRATIONS), random)
    for index, (name, certificate) in zip(indices, _certificates(entries).items(), strict=True):
        first = replace(
            certificate,
            status=AttestationStatus(uri=uri, index=index),
            certificate_policy=CONTACT + "/policy",
            expires=now + _DAYS * DAY,
        )
        create_owner_only(folder / REGISTRATIONS[name], sign_registration_jwt(first, signer=signer))
    token = sign_status_list_jwt(
        compress(empty_status_list(_ENTRIES, bits=1)),
        uri=uri,
        signer=signer.signer,
        chain=signer.chain,
        now=now,
        expires=now + SIGNER_DAYS * DAY,
        ttl=_BRISK_TTL if plan.brisk else _TTL,
    )
    create_owner_only(trust_folder / STATUS_FILE, token)


def _certify_provider(
    folder: Path, plan: SandboxPlan, root: Authority, *, now: int, random: Callable[[int], bytes]
) -> CertifiedSigner:
    """Who signs registration certificates, and their status list."""
    key = random_private_key(random)
    certificate = issue_certificate(
        root,
        SubjectName(
            country=COUNTRY, organization="Utopia registration office", common_name="Registration certificates"
        ),
        key=key.public_key,
        purpose=Purpose.REGISTRATION,
        now=now - DAY,
        days=SIGNER_DAYS,
        random=random,
        crl_url=revocation_url(plan, "registration"),
    )
    write_identity(folder / "keys" / SIGNER_FILE, key, certificate)
    return CertifiedSigner(signer=key, certificates=(certificate,))


@final
class _OpenedRegister:
    """The registrar before its role starts: its service, on its database, for as long as parties are registered."""

    def __init__(
        self,
        folder: Path,
        plan: SandboxPlan,
        signer: CertifiedSigner,
        clock: "_Moment",
        random: Callable[[int], bytes],
    ) -> None:
        self._folder = folder
        self._origin = plan.origin("registrar")
        self._signer = signer
        self._clock = clock
        self._random = random

    def register(self, parties: Mapping[str, WalletRelyingParty]) -> Mapping[str, Entry]:
        """Have each applied for by whom it is named after, and approved by an officer; the entries by the same names.

        In a thread, for whoever makes a sandbox may run a loop of its own.
        """
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(asyncio.run, self._register(parties)).result()

    async def _register(self, parties: Mapping[str, WalletRelyingParty]) -> Mapping[str, Entry]:
        store = await open_store(
            f"sqlite:///{self._folder / REGISTER_DATABASE}",
            key=load_secret(self._folder / REGISTER_SEAL),
            clock=self._clock,
            random=self._random,
        )
        try:
            service = RegistrarService(
                self._origin, signer=self._signer, store=store, clock=self._clock, random=self._random
            )
            entries = {}
            for name, party in parties.items():
                await service.apply(party, by=Actor(subject=name, duty=Duty.PARTY))
                approving = Actor(subject=OFFICER, duty=Duty.OFFICER)
                entries[name] = await service.approve(party.identifier, by=approving)
            return entries
        finally:
            store.close()


@final
class _Moment:
    """The one moment in which the parties are registered."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """See ``Clock``."""
        return self._now


def _certificates(entries: Mapping[str, Entry]) -> Mapping[str, RegistrationCertificate]:
    """What the registrar certified, by the names of the files."""
    asking, providing = _certified(entries["issuer"])
    return {
        "issuer": providing,
        "issuer-asking": asking,
        **{name: _certified(entries[by])[0] for name, by in _ALONE.items()},
    }


_ALONE: Final = {"verifier": "verifier", "tax-online": "tax-online", "registrar": "registrar-office", "door": "door"}


def _certified(entry: Entry) -> Sequence[RegistrationCertificate]:
    """With an intended use first, as ``certifiable`` has them."""
    return [parse_registration(each.token).unverified_certificate for each in entry.certificates]


def _indices(count: int, random: Callable[[int], bytes]) -> list[int]:
    """Entries of a list that is empty otherwise, each of them somewhere."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[int.from_bytes(random(2), "big") % _ENTRIES] = None
    return list(found)
