"""What a type extends, fetched where a query names another type: by whom, from where, and for whom it counts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from zegel_testing.authorities import DAY, NOW, anchor, trusting
from zegel_testing.lists import document as list_document
from zegel_testing.lists import entity, service, signed
from zegel_testing.relying_party import CLAIMS, HOLDER, ISSUER, ISSUER_ROOT, Copy, RelyingParty, open_relying_party
from zegel_testing.sdjwt import ROOT, issued

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import Format, VerifiedCredential
from zegel.formats.sdjwt.integrity import integrity_of
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.type_metadata import MAX_DOCUMENT
from zegel.formats.sdjwt.verify import verify_issued_sdjwt
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.services.type_metadata import TypeReader, described_types
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.lists.values import ListType, ServiceType

pytestmark = pytest.mark.anyio
TYPES = "https://types.utopia.example"
REGIONAL, NATIONAL, EUROPEAN = f"{TYPES}/regional/1", f"{TYPES}/national/1", "urn:utopia:person:1"
ANCHORS = trusting(anchor(ROOT, Purpose.ISSUER, types=frozenset({REGIONAL, NATIONAL, EUROPEAN})))


def described(vct: str, **members: Any) -> bytes:
    return encode_json({"vct": vct} | {name.replace("__", "#"): value for name, value in members.items()})


class Host:
    """Where documents of types are published."""

    def __init__(self, *documents: tuple[str, bytes]) -> None:
        self.documents = dict(documents)
        self.asked: list[str] = []
        self.answer: HttpResponse | None = None
        self.clock = ManualClock(NOW)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url)
        body = self.documents.get(request.url)
        return self.answer or HttpResponse(status=404 if body is None else 200, body=body or b"")

    def reader(self, **known: bytes) -> TypeReader:
        return TypeReader(
            outbound=Loopback({TYPES: self.handle}), known={EUROPEAN: described(EUROPEAN)} | known, clock=self.clock
        )


def chain() -> Host:
    return Host((REGIONAL, described(REGIONAL, extends=NATIONAL)), (NATIONAL, described(NATIONAL, extends=EUROPEAN)))


def credential(vct: str = REGIONAL, *, anchors: TrustAnchors = ANCHORS, **changes: Any) -> VerifiedCredential:
    return verify_issued_sdjwt(parse_sdjwt(issued(vct=vct, **changes)), anchors=anchors, now=NOW)


async def test_documents_are_fetched_one_after_another_and_what_is_known_is_not() -> None:
    host = chain()
    inherited = await host.reader().fetch_types(credential(), anchors=ANCHORS)
    assert inherited.types == (REGIONAL, NATIONAL, EUROPEAN)
    assert host.asked == [REGIONAL, NATIONAL]


async def test_no_type_is_taken_from_an_issuer_who_is_not_trusted_for_it() -> None:
    anchors = trusting(anchor(ROOT, Purpose.ISSUER, types=frozenset({REGIONAL, NATIONAL})))
    inherited = await chain().reader().fetch_types(credential(anchors=anchors), anchors=anchors)
    assert inherited.types == (REGIONAL, NATIONAL)


@pytest.mark.parametrize(
    "host", [Host(), Host((REGIONAL, described(REGIONAL, extends="urn:utopia:nobody:1")))], ids=["none", "ancestor"]
)
async def test_a_document_that_is_nowhere_leaves_a_credential_as_it_is(host: Host) -> None:
    before = credential()
    assert await host.reader().fetch_types(before, anchors=ANCHORS) is before


async def test_a_type_that_is_no_address_and_a_doctype_are_asked_of_nobody() -> None:
    host = Host()
    anchors = trusting(anchor(ROOT, Purpose.ISSUER))
    urn = credential("urn:utopia:other:1", anchors=anchors)
    assert await host.reader().fetch_types(urn, anchors=anchors) is urn
    mdoc = structs.replace(urn, format=Format.MDOC)
    assert await host.reader().fetch_types(mdoc, anchors=anchors) is mdoc
    assert host.asked == []


async def test_a_document_has_the_hash_that_was_signed() -> None:
    good = credential(integrity=integrity_of(described(REGIONAL, extends=NATIONAL)))
    assert EUROPEAN in (await chain().reader().fetch_types(good, anchors=ANCHORS)).types
    with pytest.raises(Rejected) as refusal:
        await chain().reader().fetch_types(credential(integrity=integrity_of(b"another")), anchors=ANCHORS)
    assert refusal.value.check is Check.TYPE_INTEGRITY


@pytest.mark.parametrize(
    ("document", "error"),
    [(b"nonsense", Malformed), (described(NATIONAL), Rejected), (described(REGIONAL, extends=REGIONAL), Rejected)],
    ids=["no document", "another type's", "a circle"],
)
async def test_a_document_that_does_not_hold_is_refused(document: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await Host((REGIONAL, document)).reader().fetch_types(credential(), anchors=ANCHORS)


@pytest.mark.parametrize(
    "answer",
    [HttpResponse(status=503), HttpResponse(status=200, body=b" " * (MAX_DOCUMENT + 1))],
    ids=["out of order", "too long"],
)
async def test_a_host_that_does_not_answer_rightly_makes_a_type_unavailable(answer: HttpResponse) -> None:
    host = chain()
    host.answer = answer
    with pytest.raises(Unavailable):
        await host.reader().fetch_types(credential(), anchors=ANCHORS)


async def test_three_redirects_are_followed_and_no_fourth() -> None:
    for hops, types in ((3, (REGIONAL, NATIONAL, EUROPEAN)), (4, (REGIONAL,))):
        host = chain()

        async def lead(request: HttpRequest, host: Host = host, hops: int = hops) -> HttpResponse:
            if request.url != REGIONAL and "hop" not in request.url:
                return await host.handle(request)
            at = int(request.url.partition("hop")[2] or 0)
            if at == hops:
                return await host.handle(replace(request, url=REGIONAL))
            return HttpResponse(status=302, headers=(("location", f"{TYPES}/hop{at + 1}"),))

        known = {EUROPEAN: described(EUROPEAN)}
        reader = TypeReader(outbound=Loopback({TYPES: lead}), known=known, clock=host.clock)
        assert (await reader.fetch_types(credential(), anchors=ANCHORS)).types == types


async def test_a_document_is_fetched_once_an_hour_and_one_that_is_nowhere_once_a_minute() -> None:
    """Its host does not see each presentation (RFC 9901 section 10.4), and one presentation costs it one request."""
    host = chain()
    reader = host.reader()
    for seconds, asked in ((0, 2), (3_599, 2), (1, 4)):
        host.clock.advance(seconds)
        await reader.fetch_types(credential(), anchors=ANCHORS)
        assert len(host.asked) == asked
    host.documents.clear()
    for seconds, asked in ((3_600, 5), (59, 5), (1, 6)):
        host.clock.advance(seconds)
        assert len((await reader.fetch_types(credential(), anchors=ANCHORS)).types) == 1
        assert len(host.asked) == asked
    host.clock.advance(-DAY)  # a clock that went back keeps nothing for longer
    await reader.fetch_types(credential(), anchors=ANCHORS)
    assert len(host.asked) == 7


@pytest.mark.slow
async def test_of_documents_that_are_kept_there_are_64() -> None:
    types = [f"{TYPES}/{number}" for number in range(65)]
    host = Host(*((vct, described(vct)) for vct in types))
    reader = host.reader()
    anchors = trusting(anchor(ROOT, Purpose.ISSUER))
    for vct in (*types, *types[1:], types[0]):
        await reader.fetch_types(credential(vct, anchors=anchors), anchors=anchors)
    assert host.asked == [*types, types[0]]


async def test_the_catalogue_describes_its_own_types() -> None:
    known = described_types(load_catalogue())
    assert {"urn:eudi:pid:1", "urn:zegel:payment:1"} <= known.keys()
    assert not [vct for vct, document in known.items() if vct.encode() not in document]


# --- at the verifier --------------------------------------------------------------------------------------------------

ACCOUNT, OWN = f"{TYPES}/account/1", f"{TYPES}/own-account/1"
QUERY = {
    "credentials": [
        {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [ACCOUNT]}, "claims": [{"path": ["family_name"]}]}
    ]
}


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


async def trust(party: RelyingParty, *types: str) -> None:
    """The office may issue attestations of these types."""
    accounts = service(ServiceType.PUB_EAA_ISSUANCE, ISSUER_ROOT.certificate, types=frozenset(types))
    listed = list_document(ListType.PUB_EAA_PROVIDERS, entity("Utopian Identity Office", accounts), sequence=2)
    party.lists[1].content = signed(listed)
    await party.trust.refresh()


def account() -> Copy:
    issuer = SdJwtIssuer(signer=ISSUER.key, chain=ISSUER.chain, vct=OWN)
    times: dict[str, Any] = {"issued_at": NOW - DAY, "valid_from": NOW - DAY, "valid_until": NOW + DAY}
    data = issuer.issue(CLAIMS, holder_key=HOLDER.public_key, status=None, random=system_random, **times)
    return Copy(Format.SD_JWT_VC, data)


async def present(party: RelyingParty, host: Host) -> int:
    party.hosts[TYPES] = host.handle
    _, asked = await party.begin(QUERY)
    return (await party.send(asked.answer(asked.present(account(), paths=[("family_name",)])))).status


PUBLISHED = ((OWN, described(OWN, extends=ACCOUNT)), (ACCOUNT, described(ACCOUNT)))


async def test_a_credential_whose_type_extends_the_one_that_is_asked_for_is_accepted(party: RelyingParty) -> None:
    await trust(party, OWN, ACCOUNT)
    assert await present(party, Host(*PUBLISHED)) == 200


async def test_it_is_not_where_its_issuer_may_not_issue_that_one(party: RelyingParty) -> None:
    await trust(party, OWN)
    assert await present(party, Host(*PUBLISHED)) == 400


@pytest.mark.parametrize("answer", [HttpResponse(status=503), HttpResponse(status=200, body=b"nonsense")])
async def test_where_nobody_can_say_what_a_type_extends_the_credential_is_of_its_own_type_alone(
    party: RelyingParty, answer: HttpResponse
) -> None:
    """A presentation that is not what was asked for: the wallet's fault, whatever the host of the type does."""
    await trust(party, OWN, ACCOUNT)
    host = Host()
    host.answer = answer
    assert await present(party, host) == 400
    assert host.asked == [OWN]
