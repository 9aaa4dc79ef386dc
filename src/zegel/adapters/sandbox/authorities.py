"""The authorities of Utopia, and what they certify: a root for each purpose, so that none stands in for another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import create_owner_only
from zegel.adapters.keyfiles import create_private_key
from zegel.adapters.revocation_files import CRL_SUFFIX
from zegel.adapters.sandbox.access_root import ACCESS, BELOW_ROOT, seal_access_root
from zegel.adapters.sandbox.plan import ROLES, SandboxPlan
from zegel.adapters.sandbox.revocations import CRL_PATH, PUBLISHING, publish_first
from zegel.primitives.der import encode_oid
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.primitives.x509 import DAY, Certificate
from zegel.services.access_authority import CRL_PATH as ISSUED_CRL_PATH
from zegel.services.access_authority import CRL_SUFFIX as ISSUED_CRL_SUFFIX
from zegel.trust.access_authority.profile import LEGAL_PERSON
from zegel.trust.anchors import Purpose
from zegel.trust.authority import (
    Authority,
    Draft,
    Policy,
    SubjectName,
    create_authority,
    draft_certificate,
    issue_authority,
    issue_certificate,
    issue_web_certificate,
)
from zegel.trust.signing import CertifiedSigner
from zegel.trust.transparency.logs import LogSigner

COUNTRY: Final = "UT"
SIGNER_DAYS: Final = 365  # ISO/IEC 18013-5 table B.3: at most 457 for a document signer
ISSUING_DAYS: Final = 1_095  # an authority is certified for longer than whom it certifies, and for less than its root
ISSUING_FILE: Final = "access-authority"
LOG_KEY_FILE: Final = "log.key.pem"
_UUID_ARC: Final = "2.25"
_UUID_BYTES: Final = 16
CONTACT: Final = "https://authorities.utopia.example"

Random = Callable[[int], bytes]
Stamp = Callable[[Draft], Certificate]
"""Issues a certificate by way of a log."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root of the sandbox: the file that it stands in, its name, and what it is trusted for.

    ``path_length`` is how many authorities may stand below it.
    """

    file: str
    name: str
    purpose: Purpose | None
    path_length: int = 0


ROOTS: Final[Mapping[str, Root]] = {
    root.file: root
    for root in (
        Root(file="attestations", name="Utopia attestation authority", purpose=Purpose.ISSUER),
        Root(file="wallets", name="Utopia wallet authority", purpose=Purpose.WALLET_PROVIDER),
        Root(file="wallet-status", name="Utopia wallet status authority", purpose=Purpose.WALLET_STATUS),
        Root(file=ACCESS, name="Utopia access certificate authority", purpose=Purpose.ACCESS, path_length=1),
        Root(file="registration", name="Utopia registration authority", purpose=Purpose.REGISTRATION),
        Root(file="lists", name="Utopia list operator", purpose=Purpose.LIST),
        Root(file="web", name="Utopia web authority (sandbox)", purpose=None),
    )
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EndEntity:
    """A certificate of the sandbox: its key file, its root, its name, and the role at whose host it is used.

    ``service`` is the Service for which whoever has it asks or issues, as it is registered; None where it does neither.
    """

    file: str
    root: str
    organization: str
    name: str
    identifier: str
    role: str
    service: str | None = None


ATTESTATIONS: Final = "attestations"
DEMONSTRATION: Final = "demonstration"
SIGN_IN: Final = "sign-in"
DOOR: Final = "door"

END_ENTITIES: Final = (
    EndEntity(
        file="issuer",
        root="attestations",
        organization="Utopia identity office",
        name="Attestation signer",
        identifier="GOVUT-0001",
        role="issuer",
    ),
    EndEntity(
        file="issuer-access",
        root="access",
        organization="Utopia identity office",
        name="Issuer",
        identifier="GOVUT-0001",
        role="issuer",
        service=ATTESTATIONS,
    ),
    EndEntity(
        file="verifier-access",
        root="access",
        organization="Utopia verifier",
        name="Verifier",
        identifier="GOVUT-0002",
        role="verifier",
        service=DEMONSTRATION,
    ),
    EndEntity(
        file="provider-access",
        root="access",
        organization="Utopia sign-in",
        name="Sign-in",
        identifier="GOVUT-0003",
        role="provider",
        service=SIGN_IN,
    ),
    EndEntity(
        file="wallet-provider",
        root="wallets",
        organization="Utopia wallet office",
        name="Wallet attestations",
        identifier="GOVUT-0004",
        role="wallet_provider",
    ),
    EndEntity(
        file="wallet-status",
        root="wallet-status",
        organization="Utopia wallet office",
        name="Wallet status lists",
        identifier="GOVUT-0004",
        role="wallet_provider",
    ),
    EndEntity(
        file="door-access",
        root="access",
        organization="Utopia theatre",
        name="Door",
        identifier="GOVUT-0007",
        role="door",
        service=DOOR,
    ),
)


def create_roots(folder: Path, *, now: int, random: Random) -> dict[str, Authority]:
    """Make every root; its key stands in ``authorities``, where no role ever looks.

    That of access does not: it is sealed when it has certified all that it has to.
    """
    roots: dict[str, Authority] = {}
    for file, root in ROOTS.items():
        key = random_private_key(random)
        name = SubjectName(country=COUNTRY, organization="Utopia", common_name=root.name)
        roots[file] = create_authority(
            name, key=key, now=now - DAY, random=random, contact=CONTACT, path_length=root.path_length
        )
        if file != ACCESS:
            create_private_key(folder / "authorities" / f"{file}.key.pem", key)
        create_owner_only(folder / "authorities" / f"{file}.pem", roots[file].certificate.pem.encode())
    return roots


def create_log(folder: Path, *, random: Random) -> LogSigner:
    """Make the key of the log of access certificates, and its name, which nobody has to register (X.667)."""
    key = random_private_key(random)
    create_private_key(folder / "keys" / LOG_KEY_FILE, key)
    return LogSigner(id=encode_oid(f"{_UUID_ARC}.{int.from_bytes(random(_UUID_BYTES))}"), signer=key)


def create_below_root(folder: Path, plan: SandboxPlan, root: Authority, *, now: int, random: Random) -> Authority:
    """Make the authority that certifies the sandbox's own parties for access; the root signs for it this once.

    Its key stands with those of the roots, for it has certified everybody when the roles start.
    """
    key = random_private_key(random)
    certificate = _below_access(plan, root, "Utopia access certificates 0", key, now=now, random=random)
    write_identity(folder / "authorities" / BELOW_ROOT, key, certificate)
    return Authority(certificate=certificate, key=key)


def certify(
    folder: Path, plan: SandboxPlan, authorities: Mapping[str, Authority], *, stamp: Stamp, now: int, random: Random
) -> None:
    """Make each end entity's key and chain, by the names that the configuration has for them.

    Those for access are issued by the authority below the root, and by way of a log, which is ``stamp``.
    """
    for entity in END_ENTITIES:
        key = random_private_key(random)
        for_access = _purpose(entity.root) is Purpose.ACCESS
        issuer = BELOW_ROOT if for_access else entity.root
        draft = draft_certificate(
            authorities[issuer],
            SubjectName(
                country=COUNTRY,
                organization=entity.organization,
                common_name=entity.name,
                identifier=entity.identifier,
                unit=entity.service,
            ),
            key=key.public_key,
            purpose=_purpose(entity.root),
            now=now - DAY,
            days=SIGNER_DAYS,
            random=random,
            dns_names=(plan.host(entity.role),),
            uris=(plan.origin(entity.role),),
            crl_url=revocation_url(plan, issuer),
            policy=Policy(identifier=LEGAL_PERSON, statement=CONTACT + "/policy") if for_access else None,
        )
        certificate = stamp(draft) if for_access else draft.sign()
        above = (authorities[issuer].certificate,) if for_access else ()
        write_identity(folder / "keys" / entity.file, key, certificate, *above)


def create_issuing(folder: Path, plan: SandboxPlan, root: Authority, *, now: int, random: Random) -> Certificate:
    """Make the key that the access authority issues with, and have the root certify it, this once."""
    key = random_private_key(random)
    certificate = _below_access(plan, root, "Utopia access certificates 1", key, now=now, random=random)
    write_identity(folder / "keys" / ISSUING_FILE, key, certificate)
    return certificate


def _below_access(
    plan: SandboxPlan, root: Authority, name: str, key: PrivateKey, *, now: int, random: Random
) -> Certificate:
    return issue_authority(
        root,
        SubjectName(country=COUNTRY, organization="Utopia access office", common_name=name),
        key=key.public_key,
        now=now - DAY,
        days=ISSUING_DAYS,
        random=random,
        crl_url=revocation_url(plan, ACCESS),
    )


def issuing_url(plan: SandboxPlan, certificate: Certificate) -> str:
    """Where the access authority serves what it revoked."""
    assert certificate.key_id is not None  # each authority has one
    return f"{plan.origin('access_authority')}{ISSUED_CRL_PATH}{certificate.key_id.hex()}{ISSUED_CRL_SUFFIX}"


def revocation_url(plan: SandboxPlan, authority: str) -> str:
    """Where the trust role serves what an authority revoked."""
    return f"{plan.origin('trust')}{CRL_PATH}{authority}{CRL_SUFFIX}"


def publish_revocations(
    folder: Path, plan: SandboxPlan, authorities: Mapping[str, Authority], *, now: int, random: Random
) -> None:
    """The first list of each authority that certifies anybody but web hosts; the root of access is put away with it."""
    for name in (each for each in PUBLISHING if each != ACCESS):
        publish_first(folder / "trust", name, authorities[name], now=now)
    url = revocation_url(plan, ACCESS)
    seal_access_root(folder, authorities[ACCESS], contact=CONTACT, crl_url=url, now=now, random=random)


def certify_web(folder: Path, plan: SandboxPlan, root: Authority, *, now: int, random: Random) -> None:
    """Make a TLS certificate for each role's host."""
    for role in ROLES:
        key, host = random_private_key(random), plan.host(role)
        certificate = issue_web_certificate(
            root, host, key=key.public_key, now=now - DAY, days=SIGNER_DAYS, random=random
        )
        write_identity(folder / "keys" / f"{role}-web", key, certificate)


def certify_list_operator(root: Authority, *, now: int, random: Random) -> CertifiedSigner:
    """The signer of the lists of trusted entities. Its key is used here, once, and kept nowhere."""
    key = random_private_key(random)
    certificate = issue_certificate(
        root,
        SubjectName(country=COUNTRY, organization="Utopia list office", common_name="List signer"),
        key=key.public_key,
        purpose=Purpose.LIST,
        now=now - DAY,
        days=SIGNER_DAYS,
        random=random,
    )
    return CertifiedSigner(signer=key, certificates=(certificate,))


def write_identity(path: Path, key: PrivateKey, *chain: Certificate) -> None:
    """Write a key and its chain, leaf first, side by side."""
    create_private_key(path.with_name(path.name + ".key.pem"), key)
    create_owner_only(path.with_name(path.name + ".pem"), "".join(each.pem for each in chain).encode())


def _purpose(root: str) -> Purpose:
    purpose = ROOTS[root].purpose
    assert purpose is not None
    return purpose
