"""Everything that zegel sends while it issues, presents and signs in, held against the OpenID Foundation's schemas.

Each message between the roles is known by its kind. A kind that has a schema is judged by it, each time it is sent; a
kind that has none says why, and which test looks at it instead.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pytest
from jsonschema import FormatChecker
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from zegel_testing.authorities import NOW
from zegel_testing.browser import link_of
from zegel_testing.wallet_world import MDOC_QUERY, NAME_QUERY, WalletWorld, wallet_world
from zegel_testing.wire import Message, Wire

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_private_key
from zegel.primitives.http import HttpRequest
from zegel.services.wallet.contents import Brought
from zegel.web.app.provider import open_provider
from zegel.web.app.service import open_service
from zegel.web.app.trust import open_trust

TESTS: Final = Path(__file__).parents[1]
SCHEMAS: Final = TESTS / "vectors" / "oidf-conformance" / "json-schemas"
ETSI: Final = TESTS / "vectors" / "ts119602" / "1960201_json_schema.json"

JUDGED: Final[Mapping[str, Path]] = {
    "credential issuer metadata": SCHEMAS / "oid4vci/credential_issuer_metadata-1_0.json",
    "signed credential issuer metadata": SCHEMAS / "oid4vci/credential_issuer_metadata-1_0.json",
    "authorization server metadata": SCHEMAS / "rfc8414/oauth_authorization_server_metadata.json",
    "openid configuration": SCHEMAS / "rfc8414/oauth_authorization_server_metadata.json",
    "credential offer": SCHEMAS / "oid4vci/credential_offer-1_0.json",
    "credential request": SCHEMAS / "oid4vci/credential_request-1_0.json",
    "type metadata": SCHEMAS / "sdjwtvc/type_metadata.json",
    "DCQL query": SCHEMAS / "oid4vp/dcql_request.json",
    "verifier info": SCHEMAS / "oid4vp/verifier_info.json",
    "list of trusted entities": ETSI,
}
UNKNOWN_TO_SCHEMA: Final = {
    "type metadata": {"category", "transaction_data_types"},  # TS12's
    "credential issuer metadata": {"preferred_client_status_period", "issuer_info"},  # TS3's and TS 119 472-3's
    "signed credential issuer metadata": {"preferred_client_status_period", "issuer_info"},
}
UNKNOWN_OF_CREDENTIALS: Final = {"embedded_disclosure_policy"}  # of credential_metadata: TS 119 472-3's


class Elsewhere(NamedTuple):
    """Why no schema judges a kind, and the test that looks at it: a file, and the beginning of the test's name."""

    reason: str
    file: str
    test: str


NO_SCHEMA: Final = "the Foundation has no schema of it"
SEALED: Final = "nobody but its reader can open it"
OURS: Final = "zegel's own"
NOT_JUDGED: Final[Mapping[str, Elsewhere]] = {
    "pushed authorization request": Elsewhere(
        NO_SCHEMA, "refusals/test_oauth.py", "test_the_mutation_fails_with_its_check"
    ),
    "pushed authorization response": Elsewhere(NO_SCHEMA, "spec/test_par_rfc9126.py", "test_section_2_2"),
    "authorization details": Elsewhere(
        NO_SCHEMA, "spec/test_openid4vci.py", "test_authorization_details_of_the_examples_parse"
    ),
    "challenge response": Elsewhere(
        NO_SCHEMA, "spec/test_attestation_based_client_auth_07.py", "test_section_8_a_challenge"
    ),
    "token request": Elsewhere(NO_SCHEMA, "refusals/test_oauth.py", "test_the_mutation_fails_with_its_check"),
    "token response": Elsewhere(NO_SCHEMA, "spec/test_openid4vci.py", "test_section_6_2"),
    "nonce response": Elsewhere(NO_SCHEMA, "spec/test_openid4vci.py", "test_section_7_2"),
    "credential response": Elsewhere(NO_SCHEMA, "spec/test_openid4vci.py", "test_section_8_3"),
    "encrypted credential response": Elsewhere(SEALED, "spec/test_openid4vci.py", "test_section_10"),
    "deferred credential request": Elsewhere(NO_SCHEMA, "refusals/test_openid4vci.py", "test_"),
    "notification request": Elsewhere(NO_SCHEMA, "refusals/test_openid4vci.py", "test_"),
    "error response": Elsewhere(NO_SCHEMA, "unit/web/test_errors.py", "test_a_program_reads"),
    "link to an offer": Elsewhere("an address alone", "unit/protocols/openid4vci/test_offer.py", "test_"),
    "link to a request": Elsewhere("an address alone", "spec/test_openid4vp.py", "test_5_4"),
    "request object": Elsewhere("its parts are judged", "spec/test_openid4vp.py", "test_5_a_request_object"),
    "client metadata": Elsewhere(NO_SCHEMA, "spec/test_openid4vp.py", "test_5_1_the_metadata_offers"),
    "wallet metadata": Elsewhere(NO_SCHEMA, "spec/test_openid4vp.py", "test_5_10_the_wallet_posts_its_metadata"),
    "transaction data": Elsewhere(NO_SCHEMA, "unit/protocols/openid4vp/test_transaction_data.py", "test_"),
    "authorization response": Elsewhere(NO_SCHEMA, "spec/test_openid4vp.py", "test_8_2_a_plain_answer"),
    "plain authorization response": Elsewhere(NO_SCHEMA, "spec/test_openid4vp.py", "test_8_2_a_plain_answer"),
    "encrypted authorization response": Elsewhere(SEALED, "spec/test_openid4vp.py", "test_8_3_an_encrypted_answer"),
    "answer to the wallet": Elsewhere(NO_SCHEMA, "spec/test_openid4vp.py", "test_8_2_the_wallet_is_sent_back"),
    "status list token": Elsewhere(NO_SCHEMA, "spec/test_token_status_list_20.py", "test_section_5_1_a_token"),
    "status list aggregation": Elsewhere(NO_SCHEMA, "spec/test_token_status_list_20.py", "test_section_9_3"),
    "key set": Elsewhere(NO_SCHEMA, "spec/test_openid_connect_core.py", "test_core_10_1_1"),
    "sign-in token request": Elsewhere(NO_SCHEMA, "spec/test_openid_connect_core.py", "test_rfc_6749_5_2"),
    "sign-in token response": Elsewhere(NO_SCHEMA, "spec/test_openid_connect_core.py", "test_core_3_1_3_3"),
    "ID token": Elsewhere(NO_SCHEMA, "spec/test_openid_connect_core.py", "test_core_2_the_id_token"),
    "userinfo response": Elsewhere(NO_SCHEMA, "spec/test_openid_connect_core.py", "test_core_5_3_2_userinfo"),
    "wallet attestation": Elsewhere(NO_SCHEMA, "spec/test_wallet_attestations.py", "test_"),
    "key attestation": Elsewhere(NO_SCHEMA, "spec/test_wallet_attestations.py", "test_"),
    "key proof": Elsewhere(NO_SCHEMA, "refusals/test_openid4vci.py", "test_"),
    "DPoP proof": Elsewhere(NO_SCHEMA, "spec/test_dpop_rfc9449.py", "test_"),
    "proof of the attested key": Elsewhere(
        NO_SCHEMA, "spec/test_attestation_based_client_auth_07.py", "test_section_5_2_a_proof"
    ),
    "attestation request": Elsewhere(OURS, "unit/web/test_wallet_provider.py", "test_"),
    "activation response": Elsewhere(OURS, "unit/web/test_wallet_provider.py", "test_"),
    "wallet attestation response": Elsewhere(OURS, "unit/web/test_wallet_provider.py", "test_"),
    "key attestation response": Elsewhere(OURS, "unit/web/test_wallet_provider.py", "test_"),
    "operator request": Elsewhere(OURS, "unit/web/test_verifier_operator.py", "test_"),
    "operator response": Elsewhere(OURS, "unit/web/test_verifier_operator.py", "test_"),
    "page": Elsewhere("for people", "browser/test_page_rules.py", "test_"),
}
# To an issuer without scopes, and to a wallet that asks for no encryption; ours are neither.
SENT_TO_OTHERS: Final = {"authorization details", "credential response"}


# --- everything, once -----------------------------------------------------------------------------------------------

RESIDENCE: Final = {
    "credentials": [{"id": "residence", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:zegel:residence:1"]}}]
}
CARD: Final = {
    "credentials": [
        {
            "id": "card",
            "format": "mso_mdoc",
            "meta": {"doctype_value": "zegel.payment.1"},
            "claims": [{"path": ["zegel.payment.1", "iban"]}],
        }
    ]
}
PAYMENT: Final = {
    "type": "urn:eudi:sca:payment:1",
    "credential_ids": ["card"],
    "payload": {
        "transaction_id": "T-1",
        "payee": {"name": "Garden shop", "id": "UT99ZEGL1"},
        "amount": 12.5,
        "currency": "EUR",
    },
}


@asynccontextmanager
async def tapped(folder: Path, profile: str, **issuer: Any) -> AsyncIterator[tuple[WalletWorld, Wire]]:
    """All roles of a sandbox, with a tap on each but the service, which is not ours to judge."""
    async with wallet_world(folder, profile=profile, copies=2, **issuer) as world:
        wire = Wire(load_private_key(world.config.issuer.encryption_key))
        service = await open_service(world.world)
        opened = {"provider": await open_provider(world.world), "trust": await open_trust(world.world)}
        try:
            world.handlers[world.config.service.origin] = service.listeners[0].handle
            for name, role in {**world.roles, **opened}.items():
                for listener in role.listeners:
                    public = listener is role.listeners[0]
                    world.handlers[listener.origin] = wire.tap(name if public else f"{name}-operator", listener.handle)
            yield world, wire
        finally:
            for role in (service, *opened.values()):
                role.close()


async def answer(world: WalletWorld, wire: Wire, link: str) -> str:
    """Present whatever is asked for; where the browser is sent."""
    wire.links.append(link)
    flow = await world.wallet.presenting.begin(link, brought=Brought.LINK)
    finished = await world.accept(flow)
    assert finished.redirect_uri is not None
    return finished.redirect_uri


async def present(world: WalletWorld, wire: Wire, query: Any, **members: Any) -> None:
    request = await world.request(query, **members)
    await world.browser().open(await answer(world, wire, request["link"]))
    assert (await world.result(request["session"]))["state"] == "accepted"


async def sign_in(world: WalletWorld, wire: Wire) -> None:
    browser = world.browser()
    page = await browser.open(f"{world.config.service.origin}/sign-in")
    assert (await browser.open(await answer(world, wire, link_of(page, "Open my wallet")))).status == 200


async def fetch(world: WalletWorld, origin: str, *paths: str, accept: str = "application/json") -> None:
    for path in paths:
        request = HttpRequest(method="GET", url=origin + path, headers=(("accept", accept),))
        response = await world.outbound.fetch(request, max_bytes=1 << 20)
        assert response.status == 200, path


async def read_what_is_published(world: WalletWorld) -> None:
    """What anybody may read, in each of its forms."""
    issuer = world.config.issuer.origin
    await fetch(world, issuer, "/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server")
    await fetch(world, issuer, "/.well-known/openid-credential-issuer", accept="application/jwt")
    types = load_catalogue().types
    with_vct = [type_ for type_ in world.config.issuer.types if types[type_].vct is not None]
    await fetch(world, issuer, "/status", *(f"/type-metadata/{type_}" for type_ in with_vct))
    await fetch(world, world.config.provider.origin, "/.well-known/openid-configuration", "/jwks")
    names = [listed.location.rpartition("/")[2] for listed in world.config.trusted_lists]
    await fetch(world, world.config.trust.origin, *(f"/lists/{name}" for name in names), accept="*/*")


async def under_haip(folder: Path) -> list[Message]:
    async with tapped(folder, "haip", delayed_types=("diploma",), delay=30) as (world, wire):
        await read_what_is_published(world)
        for type_ in world.config.issuer.types:
            wire.links.append((await world.operate("issuer", "/offers", {"type": type_}))["link"])
        await world.receive()
        await world.receive(type="payment")
        await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        world.clock.advance(60)
        await world.wallet.keep_fresh()
        await present(world, wire, NAME_QUERY)
        await present(world, wire, MDOC_QUERY, request_uri_method="post")
        await present(world, wire, CARD, transaction_data=[PAYMENT])
        await sign_in(world, wire)
        return list(wire.messages())


async def under_plain(folder: Path) -> list[Message]:
    async with tapped(folder, "plain") as (world, wire):
        await read_what_is_published(world)
        await world.receive(grant="pre-authorized", tx_code=True)
        await world.receive(type="residence")
        for query, prefix, mode in product((NAME_QUERY, MDOC_QUERY), PREFIXES, MODES):
            await present(world, wire, query, client_id_prefix=prefix, response_mode=mode)
        unsigned = await world.request(RESIDENCE, client_id_prefix="redirect_uri", response_mode="direct_post")
        wire.links.append(unsigned["link"])
        return list(wire.messages())


PREFIXES: Final = ("x509_hash", "x509_san_dns")
MODES: Final = ("direct_post", "direct_post.jwt")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[Any]]:
    """Every message of both profiles, by kind, each once."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: float(NOW + 60))  # Authlib reads the clock itself
        for story in (under_haip, under_plain):
            for kind, document in asyncio.run(story(tmp_path_factory.mktemp("wire"))):
                found[kind][json.dumps(document, sort_keys=True)] = document
    return {kind: tuple(documents.values()) for kind, documents in found.items()}


# --- and judged -----------------------------------------------------------------------------------------------------


def is_uri(value: object) -> bool:
    """RFC 3986, as far as it matters here: a scheme, and something behind it that has no spaces."""
    if not isinstance(value, str):
        return True
    scheme, _, rest = value.partition(":")
    return bool(scheme and rest and value.isascii() and value.isprintable() and " " not in value and urlsplit(value))


@cache
def validator(path: Path) -> Validator:
    schema = json.loads(path.read_text())
    formats = FormatChecker()
    formats.checks("uri", raises=ValueError)(is_uri)
    return validator_for(schema)(schema, format_checker=formats)


@pytest.mark.slow
def test_every_message_is_judged_or_says_why_not(sent: Mapping[str, Sequence[Any]]) -> None:
    assert JUDGED.keys().isdisjoint(NOT_JUDGED)
    assert JUDGED.keys() | NOT_JUDGED.keys() >= sent.keys() >= (JUDGED.keys() | NOT_JUDGED.keys()) - SENT_TO_OTHERS


@pytest.mark.slow
@pytest.mark.parametrize("kind", JUDGED)
def test_what_is_sent_is_what_the_schema_describes(sent: Mapping[str, Sequence[Any]], kind: str) -> None:
    for document in sent[kind]:
        known = {name: value for name, value in document.items() if name not in UNKNOWN_TO_SCHEMA.get(kind, ())}
        validator(JUDGED[kind]).validate(without_policies(known))


def without_policies(document: dict[str, Any]) -> dict[str, Any]:
    """Metadata without what a schema does not know of its credentials; anything else as it is."""
    offered = document.get("credential_configurations_supported")
    if offered is None:
        return document
    known = {id_: dict(configuration) for id_, configuration in offered.items()}
    for configuration in known.values():
        shown = configuration.get("credential_metadata", {})
        configuration["credential_metadata"] = {
            name: value for name, value in shown.items() if name not in UNKNOWN_OF_CREDENTIALS
        }
    return document | {"credential_configurations_supported": known}


@pytest.mark.parametrize("kind", [kind for kind in JUDGED if kind != "list of trusted entities"])
def test_a_schema_refuses_what_it_does_not_describe(sent: Mapping[str, Sequence[Any]], kind: str) -> None:
    """A schema that let everything pass would be no judge."""
    for name, value in ((name, value) for document in sent[kind] for name, value in document.items()):
        assert not validator(JUDGED[kind]).is_valid({name: [value, 1]}), name


@pytest.mark.parametrize("path", sorted(SCHEMAS.rglob("*.json")), ids=lambda path: path.stem)
def test_every_schema_judges_something(path: Path) -> None:
    assert path in JUDGED.values()


@pytest.mark.parametrize("kind", NOT_JUDGED)
def test_what_no_schema_judges_is_looked_at_by_a_test(kind: str) -> None:
    text = (TESTS / NOT_JUDGED[kind].file).read_text()
    assert f"def {NOT_JUDGED[kind].test}" in text


def test_the_schemas_are_those_that_their_source_names() -> None:
    table = (SCHEMAS.parent / "SOURCE.md").read_text()
    for path in SCHEMAS.rglob("*.json"):
        assert f"| {path.relative_to(SCHEMAS.parent)} | {sha256(path.read_bytes()).hexdigest()} |" in table
