"""What a door gets to know of the certificate from which an attestation was made: nothing. Every byte that it receives,
all that it can open of that, its database, the log and the files, from the sandbox's fresh certificate to the door.
"""

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.browser import Browser, text_of
from zegel_testing.cheap_vault import CheapVaultFile
from zegel_testing.door_world import form_data
from zegel_testing.health import Health, payload
from zegel_testing.identifying import found_in, told_by
from zegel_testing.issuing_world import hidden_fields
from zegel_testing.logs import logging_to
from zegel_testing.offline import offline
from zegel_testing.shared_values import decoded, shared_stretches, values_in
from zegel_testing.vaccination_path import ask_at_door, code_of, present, receive_valid
from zegel_testing.wallet_world import PASSPHRASE, WalletWorld, open_test_wallet, wallet_world

from zegel.adapters.code_pictures import draw_code
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import open_memory_store
from zegel.cli.main import main
from zegel.cli.walk.door_view import DoorView, NotingStore, open_noted_door
from zegel.formats.credential import Format
from zegel.primitives.base45 import encode_base45
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpResponse
from zegel.protocols.openid4vp.verifier import Requested
from zegel.services.verifier import RESPONSE_PATH
from zegel.services.wallet.contents import Holding, WalletContents

KINDS = {"name", "given name", "birth date", "vaccinated on", "product", "manufacturer", "UCI", "hash of the UCI"}
EVERYTHING = KINDS | {"signature"}
CODE = Health().code(payload(ci="URN:UVCI:01:UT:4711ABCDEFGHIJKLMNOP")).decode()


@dataclass
class Watched:
    """A sandbox with a door, and all that the door sees; ``dumps`` are its database as it was at some time."""

    world: WalletWorld
    view: DoorView
    folder: Path
    log: io.StringIO
    dumps: list[bytes] = field(default_factory=list)

    async def visit(self, keeper: Browser, *, visitor: WalletWorld | None = None) -> HttpResponse:
        """Somebody presents, or the ``visitor``; the doorkeeper's page."""
        asking = await ask_at_door(self.world, keeper)
        self.dump()
        back = await present(visitor or self.world, asking, "Open another wallet on this device")
        self.dump()
        page = await keeper.open(back)
        self.dump()
        return page

    async def seen_of(self, visitor: WalletWorld) -> "Seen":
        """A visit by itself, before a browser of its own."""
        received, noted = len(self.view.received), len(self.view.store.noted)
        assert "The rules are met" in text_of(await self.visit(self.world.browser(), visitor=visitor))
        store = NotingStore(self.view.store._inner)
        store.noted.extend(self.view.store.noted[noted:])
        return Seen(DoorView(store=store, received=self.view.received[received:]))

    def dump(self) -> None:
        """Keep the database as it is now."""
        driver: Any = self.view.store._inner._database.connection.connection.driver_connection
        self.dumps.append(driver.serialize())

    def everything(self) -> Mapping[str, bytes]:
        """What the door received, opened and stored, and what was logged, by whatever role."""
        return {
            **self.view.everything(),
            "database": b"\n".join(self.dumps),
            "log": self.log.getvalue().encode(),
        }


@dataclass
class Seen:
    """What the door sees of one visit."""

    view: DoorView

    def everything(self, format_: Format) -> bytes:
        """All of it; what an object is printed as has its address, which is nothing that the door was told."""
        seen = [*self.view.everything().values(), *(decoded(each, format_) for each in self.view.opened())]
        return re.sub(rb" at 0x[0-9a-f]+", b"", b"\n".join(seen))

    def values(self, format_: Format) -> set[str]:
        """The values of what was presented."""
        (opened,) = self.view.opened()
        return values_in(opened, format_)


async def somebody_else(watched: Watched, format_: Format) -> WalletWorld:
    """Max, with a wallet of his own, his own certificate, and what he got for it."""
    world, random = watched.world, fixed_random("somebody else")
    file = CheapVaultFile(watched.folder / "another.vault", random=random)
    wallet = open_test_wallet(world.world, file, world.outbound, random=random)
    await wallet.safe.create(PASSPHRASE)
    other = replace(world, wallet=wallet, file=file)
    await other.receive("max")
    await receive_valid(other, code_of(watched.folder, "max"), formats=[str(format_)])
    return other


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    log = io.StringIO()
    with logging_to(log):
        async with wallet_world(tmp_path) as world:
            door, view = await open_noted_door(world.world)
            world.roles["door"] = door
            world.handlers.update({listener.origin: listener.handle for listener in door.listeners})
            yield Watched(world=world, view=view, folder=tmp_path, log=log)


@contextmanager
def only_written(folder: Path, *names: str) -> Iterator[None]:
    """Of the files of the folder the block writes these."""
    before = files_of(folder)
    yield
    after = files_of(folder)
    assert {name for name in before | after if before.get(name) != after.get(name)} == set(names)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def mentioned(seen: Mapping[str, bytes], code: str) -> set[tuple[str, str]]:
    """What of a certificate stands where."""
    return {(place, kind) for place, data in seen.items() for kind in found_in(data, told_by(code))}


async def show_paper(watched: Watched, keeper: Browser, fields: dict[str, str], picture: bytes) -> HttpResponse:
    """The doorkeeper hands a code of before to the door."""
    page = await keeper.open(watched.world.config.door.origin + "/")
    body = form_data({"csrf": hidden_fields(page)["csrf"], **fields}, {"picture": picture})
    return await keeper.post_body("/code", "multipart/form-data; boundary=x", body)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("format_", list(Format))
async def test_from_a_fresh_certificate_to_the_door_its_whole_view_has_nothing_of_it(
    watched: Watched, format_: Format
) -> None:
    world, code = watched.world, code_of(watched.folder, "erika")
    await world.receive()
    assert len(await receive_valid(world, code, formats=[str(format_)])) == 1
    keeper = world.browser()
    with only_written(watched.folder, "wallet.vault"):
        assert "The rules are met" in text_of(await watched.visit(keeper))
        assert "The rules are met" in text_of(await watched.visit(world.browser()))
    seen = watched.everything()
    assert len(list(watched.view.opened())) == 2
    assert watched.view.mentions({"vaccination_valid", world.config.health.rule_set}) != frozenset()
    assert b"door" in seen["log"]
    assert all(len(data) > 1_000 for data in seen.values()), "there is something to look at"
    assert set(told_by(code)) == EVERYTHING
    assert mentioned(seen, code) == set()


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("format_", list(Format))
async def test_two_visits_of_one_certificate_share_nothing_but_what_everybodys_have(
    watched: Watched, format_: Format
) -> None:
    mine, code = watched.world, code_of(watched.folder, "erika")
    await mine.receive()
    (batch,) = await receive_valid(mine, code, formats=[str(format_)])
    other = await somebody_else(watched, format_)
    visits = [await watched.seen_of(each) for each in (mine, mine, other)]
    assert mine.wallet.find(batch).unused == len(mine.wallet.find(batch).batch.copies) - 2
    # every byte: what is in both of mine is in that of somebody with another certificate, too
    first, second, others = [each.everything(format_) for each in visits]
    assert shared_stretches(first, second, beside=b""), "there is what everybody has"
    assert shared_stretches(first, second, beside=others) == set()
    # and each value, however short
    values = [each.values(format_) for each in visits]
    assert len(values[0]) > 15
    assert values[0] & values[1] == values[0] & values[2] == values[1] & values[2]
    assert mentioned(watched.everything(), code) == set()


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("format_", list(Format))
async def test_what_was_shown_at_the_door_is_judged_by_the_command_with_the_network_off(
    watched: Watched, format_: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    world, file = watched.world, watched.folder / "shown"
    await world.receive()
    await receive_valid(world, code_of(watched.folder, "erika"), formats=[str(format_)])
    await watched.visit(world.browser())
    (shown,) = watched.view.opened()
    file.write_bytes(shown)
    (answered,) = [each for each in watched.view.received if each.path.startswith(RESPONSE_PATH)]
    (challenge,) = {
        each.request.challenge
        for each in watched.view.store.noted
        if isinstance(each, Requested) and each.request.challenge.response_uri == answered.url
    }
    asked = ["--nonce", challenge.nonce, "--client-id", challenge.client_id]
    if format_ is Format.MDOC:
        thumbprint = base64url(challenge.jwk_thumbprint or b"")
        asked += ["--response-uri", challenge.response_uri, "--jwk-thumbprint", thumbprint]
    trust = ["--trust", str(world.config.trust.folder), "--at", str(NOW), "--no-network", "--json"]
    capsys.readouterr()
    with offline():
        assert main(["verify", str(file), *trust, *asked]) == 0
    told = json.loads(capsys.readouterr().out)["credential"]
    assert (told["holder_bound"], told["status"]) == (True, "no status")
    assert found_in(json.dumps(told).encode(), told_by(code_of(watched.folder, "erika"))) == set()


# --- bad twins: what would tell too much is found ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("format_", list(Format))
async def test_a_wallet_that_shows_a_copy_twice_is_found(watched: Watched, format_: Format) -> None:
    mine = watched.world
    await mine.receive()
    await receive_valid(mine, code_of(watched.folder, "erika"), formats=[str(format_)])
    other = await somebody_else(watched, format_)
    first = await watched.seen_of(mine)
    await lose_unused(mine)
    second, others = [await watched.seen_of(each) for each in (mine, other)]
    assert len((first.values(format_) & second.values(format_)) - others.values(format_)) >= 5
    seen, again, beside = [each.everything(format_) for each in (first, second, others)]
    linking = shared_stretches(seen, again, beside=beside)
    assert any(len(each) >= 64 for each in linking), "the issuer's signature, at the least"


async def lose_unused(world: WalletWorld) -> None:
    """As if the wallet had got no more copies than it has shown: the one of them is shown again then."""

    def move(contents: WalletContents) -> tuple[WalletContents, None]:
        return replace(contents, holdings=tuple(map(shown_alone, contents.holdings))), None

    await world.wallet.safe.change(move)


def shown_alone(holding: Holding) -> Holding:
    shown = tuple(copy for copy in holding.batch.copies if copy.uses)
    return replace(holding, batch=replace(holding.batch, copies=shown)) if shown else holding


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("brought", ["text", "picture"])
async def test_a_door_that_is_shown_the_certificate_of_before_sees_all_of_it(watched: Watched, brought: str) -> None:
    code = code_of(watched.folder, "erika")
    fields = {"code": code} if brought == "text" else {}
    page = await show_paper(watched, watched.world.browser(), fields, b"" if fields else draw_code(code, "png"))
    assert "Erika" in text_of(page)
    # the hash of its identifier is made by whoever looks it up
    assert mentioned(watched.view.everything(), code) == {
        ("received", kind) for kind in EVERYTHING - {"hash of the UCI"}
    }


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_door_that_is_told_a_word_in_a_header_or_that_stores_one_is_found(watched: Watched) -> None:
    code = code_of(watched.folder, "erika")
    request = (await watched.world.browser().open(watched.world.config.door.origin + "/"), watched.view.received[-1])[1]
    watched.view.received.append(replace(request, headers=(*request.headers, ("x-bearer", "eRIKA"))))
    watched.view.store.noted.append({"born": 19860314})
    found = mentioned(watched.view.everything(), code)
    assert ("received", "given name") in found
    assert ("stored", "birth date") in found


def unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def raw_deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda data: data,
    "upper": bytes.upper,
    "lower": bytes.lower,
    "percent": lambda data: quote(data, safe="").encode(),
    "every byte percent": lambda data: b"".join(b"%%%02x" % byte for byte in data),
    "hexadecimal": lambda data: data.hex().encode(),
    "upper hexadecimal": lambda data: data.hex().upper().encode(),
    "odd hexadecimal": lambda data: b"a" + data.hex().encode(),
    "UTF-16": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "JSON escapes": lambda data: b"".join(b"\\u%04x" % byte for byte in data),
    "base64": base64.b64encode,
    "base64 from its second byte": lambda data: base64.b64encode(b"." + data),
    "base64 from its third byte": lambda data: base64.b64encode(b".." + data),
    "base64url": unpadded,
    "base64url in base64url": lambda data: unpadded(unpadded(data)),
    "zlib": zlib.compress,
    "zlib in base64": lambda data: base64.b64encode(zlib.compress(data)),
    "gzip": gzip.compress,
    "deflated in base64url": lambda data: unpadded(raw_deflated(data + b" " * 20)),
    "Base45 of zlib": lambda data: b"HC1:" + encode_base45(zlib.compress(data)).encode(),
}


OF_LETTERS = [ENCODINGS[name] for name in ("upper", "lower", "UTF-16")]
BYTES = {"hash of the UCI", "signature"}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_whatever_is_told_of_somebody_is_found_in_whatever_encoding(encode: Callable[[bytes], bytes]) -> None:
    for kind, forms in told_by(CODE).items():
        for form in forms:
            if kind in BYTES and encode in OF_LETTERS:
                continue
            planted = b'{"x": "' + encode(form) + b'", "y": 1}'
            assert kind in found_in(planted, {kind: frozenset({form})}), form


def test_a_date_and_a_name_are_looked_for_as_people_and_machines_write_them() -> None:
    told = told_by(CODE)
    for kind, forms in {
        "name": [b"Voorbeeld", b"VOORBEELD"],
        "given name": [b"Erika", b"ERIKA"],
        "birth date": [b"1986-03-14", b"19860314", b"14.03.1986", b"14.3.1986", "14. März 1986".encode()],
        "product": [b"EU/1/20/1528", b"Comirnaty", b"1119349007"],
        "manufacturer": [b"ORG-100030215"],
        "UCI": [b"URN:UVCI:01:UT:4711ABCDEFGHIJKLMNOP", b"4711ABCDEFGHIJKLMNOP"],
    }.items():
        assert told[kind] >= set(forms)


def test_a_short_name_is_found_alone_and_not_in_what_merely_looks_like_it() -> None:
    told = {"given name": told_by(CODE)["given name"]}
    for within in (b"eErikacgnteERIKA", b"eErikacgnt", b"/erika?", b"given_name=ERIKA", b'"Erika"', b"erika"):
        assert found_in(within, told)
    assert not found_in(b"Amerikaans", told)


def test_what_everybody_shows_is_nothing_of_somebody() -> None:
    shown = json.dumps({"vaccination_valid": True, "rule_set": "UT/2026-11", "exp": NOW}).encode()
    assert found_in(shown, told_by(CODE)) == set()
    assert ManualClock(NOW).now() == NOW


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_word_in_the_database_is_found(tmp_path: Path) -> None:
    store = await open_memory_store(clock=ManualClock(NOW), random=lambda size: b"k" * size)
    driver: Any = store._database.connection.connection.driver_connection
    driver.execute("CREATE TABLE told (name TEXT)")
    driver.execute("INSERT INTO told VALUES ('voorbeeld')")
    assert found_in(driver.serialize(), told_by(CODE)) == {"name"}
    store.close()
