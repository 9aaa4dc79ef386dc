"""When a revocation is seen: a second before it is promised nobody has to know of it, a second after it everybody does.

What is revoked is revoked a second after a list was fetched that says otherwise: nobody could see it later. Nothing is
fetched anew by the hour: what has the product's own timer fetch is the end of a list alone. Each refusal names its
rule, and says who or what is not trusted any more.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, fixed_random
from zegel_testing.registering import Office
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.revocation_files import CRL_FOLDER, CRL_SUFFIX
from zegel.adapters.sandbox.authorities import certify_list_operator, write_identity
from zegel.adapters.sandbox.registrations import SIGNER_FILE
from zegel.adapters.sandbox.revocations import PUBLISHING, revoke_certificate
from zegel.checks import Check
from zegel.config.roles import VerifierConfig
from zegel.errors import Denied, Rejected
from zegel.primitives.crl import sign_crl
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import parse_object
from zegel.services.wallet.contents import Asked
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, SubjectName, issue_certificate
from zegel.trust.lists.build import sign_trusted_list
from zegel.web.app.issuer import keep_watch

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TTL: Final = 43_200  # the default of a status list
DEMO_TTL: Final = 60
SIX_HOURS: Final = DAY // 4
SELDOM: Final = 100 * DAY
STATUS_SIGNER: Final = {"status_key": Path("keys/status.key.pem"), "status_chain": Path("keys/status.pem")}
Said = tuple[str, str] | None
"""The check that refuses, and what it says; None while nobody refuses."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What is revoked, within how many seconds that has to be seen, and by which rule, in which words."""

    seconds: int
    revoke: Callable[[WalletWorld, Path], Awaitable[None]]
    look: Callable[[WalletWorld], Awaitable[Said]]
    check: Check
    says: str
    issuer: Mapping[str, Any] = field(default_factory=dict)
    provider: Mapping[str, Any] = field(default_factory=dict)
    verifier: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None


def site(world: WalletWorld, name: str) -> Any:
    return world.roles[name].listeners[0].handle.__self__._role


# --- who looks --------------------------------------------------------------------------------------------------------


async def verifier(world: WalletWorld) -> Said:
    """What the verifier says of the PID, as the wallet hears it."""
    try:
        result = await world.present()
    except Rejected as refusal:
        return refusal.said.partition(":")[0].partition(" at ")[0], refusal.said
    assert result["state"] == "accepted"
    return None


async def issuer(world: WalletWorld) -> Said:
    """What the issuer says of the wallet that asks it for a PID, as the wallet hears it."""
    try:
        flow = await world.arrive()
    except Denied as refusal:
        return refusal.said.partition(":")[0].partition(" at ")[0], refusal.said
    await world.wallet.receiving.discard(flow)
    return None


async def watch(world: WalletWorld) -> Said:
    """Why the issuer has revoked the PID, when it looked at what it watches; the wallet finds that it has."""
    looked = await keep_watch(site(world, "issuer"))
    if not looked.revoked:
        return None
    assert len({looked.because[batch.id].detail for batch in looked.revoked}) == 1
    because = looked.because[looked.revoked[0].id]
    standing = await world.wallet.look_up_status(world.contents.holdings[0].id)
    assert (standing.check, "revoked" in standing.word) == (Check.STATUS.id, True)
    return because.check.id, because.detail


async def wallet(world: WalletWorld) -> Said:
    """What the wallet says of the verifier, before it asks its owner."""
    try:
        flow, _ = await world.asked()
    except Rejected as refusal:
        return refusal.check.id, refusal.detail
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    findings = asked.vetting.findings
    return (findings[0].check, findings[0].detail) if findings else None


# --- who revokes ------------------------------------------------------------------------------------------------------


async def revoke_credential(world: WalletWorld, _folder: Path) -> None:
    await world.operate("issuer", "/revocations", {"person": "erika"})
    await world.operate("issuer", "/status/publish", {})


async def revoke_wallet(world: WalletWorld, _folder: Path) -> None:
    own, desk = world.contents.instance, site(world, "wallet-provider")
    assert own is not None
    await desk.revocations.revoke_by_code(own.code)
    await desk.statuses.publish()


async def revoke_key_storage(world: WalletWorld, _folder: Path) -> None:
    desk = site(world, "wallet-provider")
    await desk.service.revoke_key_storage()
    await desk.statuses.publish()


async def revoke_access_certificate(world: WalletWorld, folder: Path) -> None:
    revoke_leaf(world, folder, world.config.verifier.access_chain)


async def revoke_document_signer(world: WalletWorld, folder: Path) -> None:
    revoke_leaf(world, folder, world.config.issuer.chain)


async def revoke_status_signer(world: WalletWorld, folder: Path) -> None:
    assert world.config.issuer.status_chain not in (None, world.config.issuer.chain)
    revoke_leaf(world, folder, world.config.issuer.status_chain)


async def revoke_wallet_status_signer(world: WalletWorld, folder: Path) -> None:
    assert world.config.wallet_provider.status_chain not in (None, world.config.wallet_provider.chain)
    revoke_leaf(world, folder, world.config.wallet_provider.status_chain)


async def revoke_wallet_signer(world: WalletWorld, folder: Path) -> None:
    revoke_leaf(world, folder, world.config.wallet_provider.chain)


async def revoke_registration_signer(world: WalletWorld, folder: Path) -> None:
    revoke_leaf(world, folder, folder / "keys" / f"{SIGNER_FILE}.pem")


def revoke_leaf(world: WalletWorld, folder: Path, chain: Path) -> None:
    """Its authority says so in its list of revoked certificates."""
    leaf, *_ = load_certificates(chain)
    revoke_certificate(folder, leaf, now=world.clock.now())


async def revoke_registration(world: WalletWorld, folder: Path) -> None:
    Office(world, folder).revoke()


async def take_off_the_list(world: WalletWorld, folder: Path) -> None:
    """Another provider stands on the list of PID providers now."""
    gone, here = (
        load_certificates(folder / "authorities" / "attestations.pem")[0],
        authority("another").certificate,
    )
    now = world.clock.now()
    sign_list(folder, now=now, sequence=3, replaced=(gone.der, here.der), next_update=now + 30 * DAY)


# --- what there is before ---------------------------------------------------------------------------------------------


def give_six_hours(folder: Path) -> None:
    """The list has a next update that is sooner than in a day."""
    sign_list(folder, now=NOW, sequence=2, next_update=NOW + SIX_HOURS)


def lists_of_six_hours(folder: Path) -> None:
    sign_revocations(folder, lasts=SIX_HOURS)


def lists_of_a_day(folder: Path) -> None:
    sign_revocations(folder, lasts=DAY)


def with_status_signer(folder: Path) -> None:
    """The issuer has a signer of status lists beside that of credentials, as issuers do that are no sandbox's."""
    lists_of_six_hours(folder)
    (signer,) = load_certificates(folder / "keys" / "issuer.pem")
    key = fixed_key("status signer")
    certificate = issue_certificate(
        authority_of(folder, "attestations"),
        SubjectName(country="UT", organization="Utopia identity office", common_name="Status signer"),
        key=key.public_key,
        purpose=Purpose.STATUS,
        now=NOW - DAY,
        days=90,
        random=fixed_random("status signer"),
        crl_url=signer.revocation_points[0],
    )
    write_identity(folder / "keys" / "status", key, certificate)


def sign_revocations(folder: Path, *, lasts: int) -> None:
    """Each authority whose key is at hand lists nobody, for so many seconds; the root of access has half a year."""
    for name in (each for each in PUBLISHING if (folder / "authorities" / f"{each}.key.pem").exists()):
        own = authority_of(folder, name)
        signed = sign_crl(own.certificate, key=own.key, revoked={}, number=2, now=NOW, next_update=NOW + lasts)
        (folder / "trust" / CRL_FOLDER / (name + CRL_SUFFIX)).write_bytes(signed)


def authority_of(folder: Path, name: str) -> Authority:
    (certificate,) = load_certificates(folder / "authorities" / f"{name}.pem")
    return Authority(certificate=certificate, key=load_private_key(folder / "authorities" / f"{name}.key.pem"))


def sign_list(
    folder: Path,
    *,
    now: int,
    sequence: int,
    replaced: tuple[bytes, bytes] | None = None,
    next_update: int | None = None,
) -> None:
    """Sign the list of PID providers again, with a change."""
    path = folder / "trust" / "pid-providers.jwt"
    text = parse_base64url(path.read_text().split(".")[1], what="list").decode()
    if replaced is not None:
        gone, here = (b64encode(each).decode() for each in replaced)
        assert gone in text
        text = text.replace(gone, here)
    document = parse_object(text, what="list", max_bytes=1 << 20)
    scheme: Any = document["LoTE"]["ListAndSchemeInformation"]  # type: ignore[index,call-overload]
    scheme["LoTESequenceNumber"] = sequence
    if next_update is not None:
        scheme["NextUpdate"] = time_of(next_update)
    signer = certify_list_operator(authority_of(folder, "lists"), now=now, random=system_random)
    path.write_bytes(sign_trusted_list(document, signer=signer.signer, chain=signer.chain, now=now))


def time_of(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


PROMISES: Final[Mapping[str, Promise]] = {
    "credential": Promise(
        seconds=TTL,
        revoke=revoke_credential,
        look=verifier,
        check=Check.STATUS,
        says="the credential's status is invalid: it was revoked",
        issuer={"status_list_ttl": TTL},
        verifier={"status_cache": DAY},
    ),
    "credential at a verifier that looks as often as by default": Promise(
        seconds=VerifierConfig().status_cache,
        revoke=revoke_credential,
        look=verifier,
        check=Check.STATUS,
        says="the credential's status is invalid: it was revoked",
        issuer={"status_list_ttl": TTL},
    ),
    "credential of the demo": Promise(
        seconds=DEMO_TTL,
        revoke=revoke_credential,
        look=verifier,
        check=Check.STATUS,
        says="the credential's status is invalid: it was revoked",
        issuer={"status_list_ttl": DEMO_TTL},
    ),
    "wallet": Promise(
        seconds=TTL,
        revoke=revoke_wallet,
        look=watch,
        check=Check.ATTESTATION_REVOKED,
        says="the wallet attestation is revoked",
        provider={"status_list_ttl": TTL},
    ),
    "wallet of the demo": Promise(
        seconds=DEMO_TTL,
        revoke=revoke_wallet,
        look=watch,
        check=Check.ATTESTATION_REVOKED,
        says="the wallet attestation is revoked",
        provider={"status_list_ttl": DEMO_TTL},
    ),
    "key attestation": Promise(
        seconds=DAY,
        revoke=revoke_key_storage,
        look=watch,
        check=Check.ATTESTATION_REVOKED,
        says="the key attestation is revoked",
    ),
    "access certificate": Promise(
        seconds=DAY,
        revoke=revoke_access_certificate,
        look=wallet,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Verifier",
        prepare=lists_of_a_day,
    ),
    "access certificate by a list of six hours": Promise(
        seconds=SIX_HOURS,
        revoke=revoke_access_certificate,
        look=wallet,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Verifier",
        prepare=lists_of_six_hours,
    ),
    "access certificate by a list of half a year": Promise(
        seconds=DAY,
        revoke=revoke_access_certificate,
        look=wallet,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Verifier",
    ),
    "document signer": Promise(
        seconds=SIX_HOURS,
        revoke=revoke_document_signer,
        look=verifier,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Attestation signer",
        prepare=lists_of_six_hours,
    ),
    "status signer": Promise(
        seconds=SIX_HOURS,
        revoke=revoke_status_signer,
        look=verifier,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Status signer",
        prepare=with_status_signer,
        issuer=STATUS_SIGNER,
    ),
    "signer of wallet attestations": Promise(
        seconds=SIX_HOURS,
        revoke=revoke_wallet_signer,
        look=issuer,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Wallet",
        prepare=lists_of_six_hours,
    ),
    "signer of wallets' statuses": Promise(
        seconds=SIX_HOURS,
        revoke=revoke_wallet_status_signer,
        look=issuer,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Wallet status",
        prepare=lists_of_six_hours,
    ),
    "signer of registration certificates": Promise(
        seconds=SIX_HOURS,
        revoke=revoke_registration_signer,
        look=wallet,
        check=Check.CERTIFICATE_REVOKED,
        says="CN=Registration",
        prepare=lists_of_six_hours,
    ),
    "registration certificate": Promise(
        seconds=DEMO_TTL,
        revoke=revoke_registration,
        look=wallet,
        check=Check.REGISTRATION_STATUS,
        says="the registration certificate is revoked",
    ),
    "provider on a list": Promise(
        seconds=DAY,
        revoke=take_off_the_list,
        look=verifier,
        check=Check.ENTITLEMENT,
        says="urn:eudi:pid:1",
    ),
    "provider on a list with a next update": Promise(
        seconds=SIX_HOURS,
        revoke=take_off_the_list,
        look=verifier,
        check=Check.ENTITLEMENT,
        says="urn:eudi:pid:1",
        prepare=give_six_hours,
    ),
}


@pytest.mark.requirement("VCR_07c")
@pytest.mark.requirement("RPRC_01a")
@pytest.mark.requirement("OIA_15a")
@pytest.mark.parametrize("name", PROMISES)
async def test_a_revocation_is_seen_in_the_promised_time_and_says_which_and_why(tmp_path: Path, name: str) -> None:
    promise = PROMISES[name]
    issuer = {name: tmp_path / each if isinstance(each, Path) else each for name, each in promise.issuer.items()}
    async with wallet_world(
        tmp_path,
        provider=promise.provider,
        verifier=promise.verifier,
        refresh=SELDOM,
        prepare=promise.prepare,
        **issuer,
    ) as world:
        await world.receive()
        assert await promise.look(world) is None
        world.clock.advance(1)
        await promise.revoke(world, tmp_path)
        world.clock.advance(promise.seconds - 2)
        assert await promise.look(world) is None, "a second before"
        world.clock.advance(2)
        said = await promise.look(world)
        assert said is not None, "a second after"
        assert said[0] == promise.check.id
        assert promise.says in said[1]
