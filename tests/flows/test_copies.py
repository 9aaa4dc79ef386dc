"""Ten copies of a batch, field by field: whoever sees two of them cannot tell that they are one person's.

And what the issuer keeps of them: neither a key nor a salt, and nothing that can be read without the role's key.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.issuing_world import BATCH, IssuingWorld, TestWallet, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.formats.credential import Format
from zegel.primitives.cbor import Tag, parse_cbor
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.protocols.openid4vci.wallet.issuance import Done

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        opened.clock.advance(12_345)  # not at midnight
        yield opened


async def copies(world: IssuingWorld, wallet: TestWallet, format_: Format, type_: str = "pid") -> tuple[bytes, ...]:
    done = await wallet.receive(await world.offer(type_, formats=[format_]))
    assert len(done.received[0].credentials) == BATCH
    return done.received[0].credentials


class SdJwtCopy:
    """An SD-JWT VC taken apart by hand."""

    def __init__(self, text: bytes) -> None:
        jwt, *disclosures, last = text.decode().split("~")
        assert last == ""
        header, payload, self.signature = jwt.split(".")
        self.header: dict[str, Any] = json.loads(_decoded(header))
        self.payload: dict[str, Any] = json.loads(_decoded(payload))
        self.disclosures: list[list[Any]] = [json.loads(_decoded(disclosure)) for disclosure in disclosures]

    @property
    def salts(self) -> list[str]:
        return [disclosure[0] for disclosure in self.disclosures]

    @property
    def digests(self) -> list[str]:
        return list(_digests([self.payload, self.disclosures]))

    def common(self) -> Any:
        """What is left when everything is taken out that has to be of one copy alone."""
        payload = {name: value for name, value in self.payload.items() if name not in ("cnf", "status", "_sd")}
        claims = sorted(json.dumps(_blanked(each[1:])) for each in self.disclosures)
        return self.header, payload, claims, len(self.payload["_sd"]), self.payload["status"]["status_list"]["uri"]


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _digests(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("_sd", ())
        if "..." in value:
            yield value["..."]
        for inner in value.values():
            yield from _digests(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _digests(inner)


def _blanked(value: Any) -> Any:
    """A disclosed value without the digests in it, whose number stays."""
    if isinstance(value, dict):
        kept = {name: _blanked(inner) for name, inner in value.items() if name not in ("_sd", "...")}
        return kept | {"digests": len(value.get("_sd", ())), "entry": "..." in value}
    return [_blanked(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.requirement("ISSU_35")
async def test_ten_sd_jwts_share_nothing_that_is_unique(world: IssuingWorld) -> None:
    wallet = world.wallet()
    batch = [SdJwtCopy(copy) for copy in await copies(world, wallet, Format.SD_JWT_VC)]

    # what every copy has of its own, no other has
    for own in (
        [salt for copy in batch for salt in copy.salts],
        [digest for copy in batch for digest in copy.digests],
        [json.dumps(copy.payload["cnf"]) for copy in batch],
        [copy.payload["status"]["status_list"]["idx"] for copy in batch],
        [copy.signature for copy in batch],
    ):
        assert len(set(own)) == len(own)
    assert all(len(_decoded(salt)) >= 16 for copy in batch for salt in copy.salts)

    # and everything else is the same in all of them
    first, *others = [copy.common() for copy in batch]
    assert all(other == first for other in others)
    assert all("jti" not in copy.payload and "jti" not in copy.header for copy in batch)

    # the place of a digest says nothing of its claim
    assert all(copy.payload["_sd"] == sorted(copy.payload["_sd"]) for copy in batch)


@pytest.mark.slow
async def test_the_decoys_of_an_sd_jwt_are_as_many_for_everybody(world: IssuingWorld) -> None:
    wallet = world.wallet()
    (copy, *_) = [SdJwtCopy(copy) for copy in await copies(world, wallet, Format.SD_JWT_VC)]
    named = [disclosure for disclosure in copy.disclosures if len(disclosure) == 3]
    within = sum(len(inner.get("_sd", ())) for _, _, inner in named if isinstance(inner, dict))
    assert len(copy.payload["_sd"]) == len(named) - within + 4  # the catalogue: four decoys


@pytest.mark.slow
@pytest.mark.requirement("ISSU_36")
async def test_no_time_in_an_sd_jwt_is_finer_than_a_day(world: IssuingWorld) -> None:
    for copy in await copies(world, world.wallet(), Format.SD_JWT_VC):
        payload = SdJwtCopy(copy).payload
        assert payload["iat"] == payload["nbf"] == NOW
        assert payload["exp"] == NOW + 14 * DAY
        assert [value for value in payload.values() if type(value) is int and value % DAY] == []


class MdocCopy:
    """An mdoc taken apart by hand."""

    def __init__(self, data: bytes) -> None:
        issued: Any = parse_cbor(data, what="test")
        _, unprotected, payload, self.signature = issued["issuerAuth"]
        self.chain = unprotected[33]  # RFC 9360: x5chain
        self.mso: dict[str, Any] = _embedded(_tagged(payload))
        self.items: list[dict[str, Any]] = [
            {"namespace": namespace, **_embedded(item)}
            for namespace, items in issued["nameSpaces"].items()
            for item in items
        ]

    def common(self) -> Any:
        """What is left when everything is taken out that has to be of one copy alone."""
        own = ("valueDigests", "deviceKeyInfo", "status")
        kept = {name: value for name, value in self.mso.items() if name not in own}
        counts = {namespace: len(digests) for namespace, digests in self.mso["valueDigests"].items()}
        values = [(item["namespace"], item["elementIdentifier"], str(item["elementValue"])) for item in self.items]
        return kept, counts, sorted(values), self.chain, self.mso["status"]["status_list"]["uri"]


def _tagged(data: bytes) -> Tag:
    value = parse_cbor(data, what="test")
    assert isinstance(value, Tag)
    return value


def _embedded(tag: Tag) -> Any:
    return parse_cbor(tag.value, what="test")


@pytest.mark.slow
@pytest.mark.requirement("ISSU_35")
async def test_ten_mdocs_share_nothing_that_is_unique(world: IssuingWorld) -> None:
    batch = [MdocCopy(copy) for copy in await copies(world, world.wallet(), Format.MDOC)]

    for own in (
        [item["random"] for copy in batch for item in copy.items],
        [digest for copy in batch for digests in copy.mso["valueDigests"].values() for digest in digests.values()],
        [str(copy.mso["deviceKeyInfo"]["deviceKey"]) for copy in batch],
        [copy.mso["status"]["status_list"]["idx"] for copy in batch],
        [copy.signature for copy in batch],
    ):
        assert len(set(own)) == len(own)
    assert all(len(item["random"]) >= 16 for copy in batch for item in copy.items)

    first, *others = [copy.common() for copy in batch]
    assert all(other == first for other in others)

    # digest ids are drawn anew for each copy, so that the id of an element says nothing either
    ids = [{item["elementIdentifier"]: item["digestID"] for item in copy.items} for copy in batch]
    assert len({copy["family_name"] for copy in ids}) > 1
    assert len({tuple(copy.values()) for copy in ids}) == BATCH


@pytest.mark.slow
@pytest.mark.requirement("ISSU_36")
async def test_no_time_in_an_mdoc_is_finer_than_a_day(world: IssuingWorld) -> None:
    for copy in await copies(world, world.wallet(), Format.MDOC):
        validity = MdocCopy(copy).mso["validityInfo"]
        assert {str(time.value) for time in validity.values()} == {"2026-11-22T00:00:00Z", "2026-12-06T00:00:00Z"}


@pytest.mark.slow
@pytest.mark.requirement("VCR_18")
async def test_the_status_uri_is_common_to_everybody(world: IssuingWorld) -> None:
    seen: set[str] = set()
    indexes: list[int] = []
    for person in ("erika", "max", "claire"):
        wallet = world.wallet()
        done = await wallet.receive(await world.offer("pid"), person=person)
        for received in done.received:
            for copy in wallet.verify(received, done):
                assert copy.status is not None
                seen.add(copy.status.uri)
                indexes.append(copy.status.index)
    assert len(seen) == 1
    assert len(set(indexes)) == len(indexes) == 6 * BATCH


# --- what the issuer keeps ------------------------------------------------------------------------------------------


def secrets_of(world: IssuingWorld, wallet: TestWallet, done: Done) -> Iterator[tuple[str, bytes]]:
    """Everything of an issuance that must not be found on the issuer's disk, in each spelling that it might have."""
    for key in wallet.keys:
        point = key.public_key.point
        for name, data in (("x", point[1:33]), ("y", point[33:]), ("thumbprint", key.public_key.thumbprint())):
            yield f"key {name}", data
            yield f"key {name} as text", base64url(data).encode()
    for received in done.received:
        for credential in received.credentials:
            if received.configuration.endswith("sd-jwt"):
                copy = SdJwtCopy(credential)
                for salt in copy.salts:
                    yield "salt", _decoded(salt)
                    yield "salt as text", salt.encode()
                yield "signature", copy.signature.encode()
            else:
                for item in MdocCopy(credential).items:
                    yield "random", item["random"]
    assert done.session.tokens is not None
    yield "access token", done.session.tokens.access_token.encode()
    yield "refresh token", str(done.session.tokens.refresh_token).encode()
    for value in ("Voorbeeld", "1986-03-14", "UT-1986-000001", "erika@voorbeeld.example", "erika", "Utrecht"):
        yield f"claim {value}", value.encode()
    for request, _ in world.seen:
        if request.url.endswith("/token"):
            yield "code", request.form()["code"].encode()
            yield "verifier", request.form()["code_verifier"].encode()
        yield from _proofs(request)


def _proofs(request: HttpRequest) -> Iterator[tuple[str, bytes]]:
    for name in ("dpop", "oauth-client-attestation", "oauth-client-attestation-pop"):
        value = request.header(name)
        if value is not None:
            yield name, value.encode()


@pytest.mark.slow
@pytest.mark.requirement("ISSU_35b")
async def test_nothing_of_an_issuance_can_be_read_on_the_issuers_disk(world: IssuingWorld, tmp_path: Path) -> None:
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("pid"))
    waiting = await wallet.push(await world.offer("diploma"))  # a visit that is still open
    await wallet.browser.open(waiting.url)
    register = world.config.issuer.source.register.name
    files = {
        path: path.read_bytes()
        for path in (tmp_path / "data").iterdir()
        if path.is_file() and not path.name.startswith(register)
    }
    assert any(path.name == "issuer.db" for path in files)
    for what, secret in secrets_of(world, wallet, done):
        assert [path.name for path, content in files.items() if secret in content] == [], what


@pytest.mark.slow
async def test_after_an_issuance_the_issuer_remembers_a_person_a_type_and_entries(world: IssuingWorld) -> None:
    wallet = world.wallet()
    await wallet.receive(await world.offer("pid", formats=[Format.MDOC]))
    async with world.site.issuer._store.transaction() as transaction:
        (batch,) = await transaction.issuances.of_person("erika")
    assert (batch.type, batch.format, len(batch.entries), batch.day) == ("pid", Format.MDOC, BATCH, NOW)
