"""Games with what an issuer signed: disclosures and digests of an SD-JWT, digest IDs of an mdoc.

Each is played at the verifier's public door by a holder whose proof is right. Where the game needs the issuer's hand,
the issuer, which is trusted, plays too: what it signs is refused all the same. The honest answer is taken afterwards.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from zegel_testing import mdoc, sdjwt
from zegel_testing.relying_party import (
    DOCTYPE,
    HOLDER,
    ISSUER,
    MDOC_QUERY,
    VCT,
    Asked,
    RelyingParty,
    json_of,
    open_relying_party,
)
from zegel_testing.sdjwt import digest, disclosure

from zegel.checks import Check
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import parse_jwk

pytestmark = pytest.mark.anyio

OTHER = f"{DOCTYPE}.north"


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


async def refuses(party: RelyingParty, query: Any, present: Callable[[Asked], str], check: Check) -> None:
    """The verifier refuses a presentation with the check, and takes the honest one for the same request."""
    arguments = () if query is None else (query,)
    session, asked = await party.begin(*arguments)
    response = await party.send(asked.answer(present(asked)))
    assert (response.status, json_of(response)["check"]) == (400, check.id)
    await party.get(json_of(await party.send(asked.answer()))["redirect_uri"])
    assert (await party.result(session))["state"] == "accepted"


# --- SD-JWT -----------------------------------------------------------------------------------------------------------

NAME = disclosure("salt of the name", "family_name", "Voorbeeld")
LOCALITY = disclosure("salt of the locality", "locality", "Capital")
ADDRESS = disclosure("salt of the address", "address", {"_sd": [digest(LOCALITY)]})
STRANGER = disclosure("salt of nobody's", "age_over_18", True)
ENTRY = disclosure("salt of an entry", "UT")
SIGNED: dict[str, Any] = {"_sd": [digest(NAME), digest(ADDRESS)]}
"""What the issuer signed in the honest case: a name and an address, and below the address a locality."""


class Game(NamedTuple):
    """What the issuer signed, which disclosures are sent, and the check that notices."""

    check: Check
    signed: dict[str, Any]
    sent: tuple[bytes, ...]


def naming(name: str) -> Game:
    """The issuer lets a claim be disclosed whose name means something else in an SD-JWT."""
    named = disclosure("salt of a name", name, ["a", "b"])
    return Game(Check.DISCLOSED_CLAIM, {"_sd": [*SIGNED["_sd"], digest(named)]}, (NAME, ADDRESS, LOCALITY, named))


def over_again() -> Game:
    """A second name under the digest of the first one's place: of two, a reader might take either."""
    other = disclosure("another salt", "family_name", "Somebody else")
    return Game(Check.DISCLOSED_CLAIM, {"_sd": [*SIGNED["_sd"], digest(other)]}, (NAME, other, ADDRESS, LOCALITY))


def hidden_in_a_disclosure() -> Game:
    """The digest stands once in what was signed and once in what a disclosure says."""
    again = disclosure("salt of more", "more", {"_sd": [digest(NAME)]})
    return Game(Check.DIGEST_PLACE, {"_sd": [*SIGNED["_sd"], digest(again)]}, (NAME, ADDRESS, LOCALITY, again))


GAMES: dict[str, Game] = {
    "a digest twice in one place": Game(
        Check.DIGEST_PLACE, {"_sd": [*SIGNED["_sd"], digest(NAME)]}, (NAME, ADDRESS, LOCALITY)
    ),
    "a digest twice, in two places": Game(
        Check.DIGEST_PLACE, {**SIGNED, "more": {"_sd": [digest(NAME)]}}, (NAME, ADDRESS, LOCALITY)
    ),
    "a digest twice, hidden or not": Game(
        Check.DIGEST_PLACE, {"_sd": [*SIGNED["_sd"], "decoy", "decoy"]}, (NAME, ADDRESS, LOCALITY)
    ),
    "a digest of a property as an entry too": Game(
        Check.DIGEST_PLACE, {**SIGNED, "list": [{"...": digest(NAME)}]}, (NAME, ADDRESS, LOCALITY)
    ),
    "a digest in a disclosure that stood outside": hidden_in_a_disclosure(),
    "a disclosure twice": Game(Check.DISCLOSURE, SIGNED, (NAME, NAME, ADDRESS, LOCALITY)),
    "nested, and what it stands in undisclosed": Game(Check.DISCLOSURE, SIGNED, (NAME, LOCALITY)),
    "unreferenced": Game(Check.DISCLOSURE, SIGNED, (NAME, ADDRESS, LOCALITY, STRANGER)),
    "unreferenced, and the digest is said in plain": Game(
        Check.DISCLOSURE, {**SIGNED, "hint": digest(STRANGER)}, (NAME, ADDRESS, LOCALITY, STRANGER)
    ),
    "an entry among the properties": Game(
        Check.DISCLOSED_CLAIM, {"_sd": [*SIGNED["_sd"], digest(ENTRY)]}, (NAME, ADDRESS, LOCALITY, ENTRY)
    ),
    "a property among the entries": Game(
        Check.DISCLOSED_CLAIM, {"_sd": [digest(ADDRESS)], "list": [{"...": digest(NAME)}]}, (NAME, ADDRESS, LOCALITY)
    ),
    "a claim named _sd": naming("_sd"),
    "a claim named ...": naming("..."),
    "a claim named _sd_alg": naming("_sd_alg"),
    "a name that is taken in the clear": Game(
        Check.DISCLOSED_CLAIM, {**SIGNED, "family_name": "Somebody else"}, (NAME, ADDRESS, LOCALITY)
    ),
    "a name that is taken by another disclosure": over_again(),
    "... beside something else": Game(
        Check.DIGEST_PLACE, {**SIGNED, "list": [{"...": digest(ENTRY), "x": 1}]}, (NAME, ADDRESS, LOCALITY, ENTRY)
    ),
    "... as a claim in the clear": Game(Check.DIGEST_PLACE, {**SIGNED, "...": "x"}, (NAME, ADDRESS, LOCALITY)),
    "_sd that is no array": Game(
        Check.DIGEST_PLACE, {**SIGNED, "more": {"_sd": digest(STRANGER)}}, (NAME, ADDRESS, LOCALITY, STRANGER)
    ),
}


def proven(asked: Asked, signed: dict[str, Any], sent: tuple[bytes, ...]) -> str:
    """Everything signed by the issuer, the disclosures beside it, and a right proof by the holder over all of it."""
    issued = sdjwt.signed(sdjwt.payload(vct=VCT, **signed), sent, chain=ISSUER.chain, key=ISSUER.key)
    return sdjwt.bound(issued, holder=HOLDER, aud=asked.client_id, nonce=asked.nonce).decode()


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
@pytest.mark.refuses(Check.DIGEST_PLACE)
@pytest.mark.refuses(Check.DISCLOSED_CLAIM)
@pytest.mark.refuses(Check.DISCLOSURE)
async def test_a_game_with_disclosures_is_refused_at_the_verifiers_door(party: RelyingParty, game: Game) -> None:
    assert game.check in (Check.DIGEST_PLACE, Check.DISCLOSED_CLAIM, Check.DISCLOSURE)
    await refuses(party, None, lambda asked: proven(asked, game.signed, game.sent), game.check)


async def test_without_a_game_the_same_hand_made_credential_is_taken(party: RelyingParty) -> None:
    session, asked = await party.begin()
    answer = await party.send(asked.answer(proven(asked, SIGNED, (NAME, ADDRESS, LOCALITY))))
    await party.get(json_of(answer)["redirect_uri"])
    (credential,) = (await party.result(session))["credentials"]
    assert credential["claims"] == {"family_name": "Voorbeeld", "address": {"locality": "Capital"}}


@pytest.mark.refuses(Check.PRESENTED_BYTES)
async def test_disclosures_that_are_added_or_taken_away_after_the_proof_are_noticed(party: RelyingParty) -> None:
    """Whoever passes a presentation on might show more, or less, than its holder did."""
    honest = (NAME, ADDRESS, LOCALITY)

    def changed(asked: Asked) -> str:
        parts = proven(asked, SIGNED, honest[:1]).split("~")
        return "~".join([*parts[:-1], ADDRESS.decode(), LOCALITY.decode(), parts[-1]])

    await refuses(party, None, changed, Check.PRESENTED_BYTES)


# --- mdoc -------------------------------------------------------------------------------------------------------------

FAMILY = mdoc.item(0, "family_name", "Voorbeeld")
GIVEN = mdoc.item(1, "given_name", "Erika")
TWIN = mdoc.item(0, "age_over_18", True)  # under the digest ID of the name
AGAIN = mdoc.item(2, "family_name", "Somebody else")
UNSIGNED = mdoc.item(9, "age_over_18", True)
DIGESTS: dict[str, Any] = {DOCTYPE: {0: mdoc.digest(FAMILY), 1: mdoc.digest(GIVEN)}}
"""What the issuer signed in the honest case."""


class Deal(NamedTuple):
    """Which digests the issuer signed, which items are sent, and the check that notices."""

    check: Check
    digests: dict[str, Any]
    items: dict[str, list[bytes]]


DEALS: dict[str, Deal] = {
    "two items under one digest ID": Deal(Check.ELEMENT_DIGEST, DIGESTS, {DOCTYPE: [FAMILY, TWIN]}),
    "an item under the digest ID of another": Deal(
        Check.ELEMENT_DIGEST, DIGESTS, {DOCTYPE: [mdoc.item(1, "family_name", "Voorbeeld")]}
    ),
    "a digest ID that was never signed": Deal(Check.ELEMENT_DIGEST, DIGESTS, {DOCTYPE: [FAMILY, UNSIGNED]}),
    "an item moved to another namespace": Deal(Check.ELEMENT_DIGEST, DIGESTS, {DOCTYPE: [FAMILY], OTHER: [GIVEN]}),
    "an item of another namespace's digest ID": Deal(
        Check.ELEMENT_DIGEST, {**DIGESTS, OTHER: {0: mdoc.digest(TWIN)}}, {DOCTYPE: [TWIN]}
    ),
    "an item with another salt": Deal(
        Check.ELEMENT_DIGEST, DIGESTS, {DOCTYPE: [mdoc.item(0, "family_name", "Voorbeeld", random=bytes(32))]}
    ),
    "an item twice": Deal(Check.REPEATED_ELEMENT, DIGESTS, {DOCTYPE: [FAMILY, FAMILY]}),
    "an element twice under two digest IDs": Deal(
        Check.REPEATED_ELEMENT,
        {DOCTYPE: DIGESTS[DOCTYPE] | {2: mdoc.digest(AGAIN)}},
        {DOCTYPE: [FAMILY, AGAIN]},
    ),
    "a digest ID below nought": Deal(Check.SYNTAX, DIGESTS, {DOCTYPE: [mdoc.item(-1, "family_name", "Voorbeeld")]}),
    "a digest ID that is true": Deal(Check.SYNTAX, DIGESTS, {DOCTYPE: [mdoc.item(True, "family_name", "Voorbeeld")]}),
    "a digest ID that is text": Deal(Check.SYNTAX, DIGESTS, {DOCTYPE: [mdoc.item("0", "family_name", "Voorbeeld")]}),
}


def responded(asked: Asked, deal: Deal) -> str:
    """The issuer's signature over the digests, the items beside it, and a right signature by the device."""
    assert asked.key is not None
    transcript = redirect_transcript(
        client_id=asked.client_id,
        nonce=asked.nonce,
        response_uri=asked.response_uri,
        encryption_key_thumbprint=parse_jwk(asked.key, what="key", where="", use="enc").thumbprint(),
    )
    contents = mdoc.security_object(docType=DOCTYPE, valueDigests=deal.digests)
    issued = mdoc.issuer_signed(contents, deal.items, chain=ISSUER.chain, key=ISSUER.key)
    device = mdoc.device_signed(holder=HOLDER, transcript=transcript, doc_type=DOCTYPE)
    return base64url(mdoc.response(mdoc.document(issued, device, doc_type=DOCTYPE)))


@pytest.mark.slow
@pytest.mark.parametrize("deal", DEALS.values(), ids=DEALS)
@pytest.mark.refuses(Check.ELEMENT_DIGEST)
@pytest.mark.refuses(Check.REPEATED_ELEMENT)
@pytest.mark.refuses(Check.SYNTAX)
async def test_a_game_with_digest_ids_is_refused_at_the_verifiers_door(party: RelyingParty, deal: Deal) -> None:
    assert deal.check in (Check.ELEMENT_DIGEST, Check.REPEATED_ELEMENT, Check.SYNTAX)
    await refuses(party, MDOC_QUERY, lambda asked: responded(asked, deal), deal.check)


async def test_without_a_game_the_same_hand_made_mdoc_is_taken(party: RelyingParty) -> None:
    session, asked = await party.begin(MDOC_QUERY)
    honest = Deal(Check.SYNTAX, DIGESTS, {DOCTYPE: [FAMILY]})
    answer = await party.send(asked.answer(responded(asked, honest)))
    await party.get(json_of(answer)["redirect_uri"])
    (credential,) = (await party.result(session))["credentials"]
    assert credential["claims"] == {DOCTYPE: {"family_name": "Voorbeeld"}}
