"""A wallet provider cannot know what a wallet holds, or where it was used: every byte that it receives in the walk.

What it does know: that a wallet asked for an attestation, and when; and the keys of it, which an issuer sees as well
(TS3 1.5 section 2.2.2.1 has the provider sign them). Provider and issuer together could tell; neither can alone.
"""

import io
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.blindness import Provider, Received, mentions, shared_with_others
from zegel_testing.erika import personal_values
from zegel_testing.issuing_world import issuing_world
from zegel_testing.logs import logging_to
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.village import Exchange, Village, living_village

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.cli.walk.story import Listening, Story
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import PublicKey, random_private_key
from zegel.profiles import Proof

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PROVIDER = "wallet-provider"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def walked(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """The village after the whole walk."""
    story = Story(lambda step: None)
    listening = Listening(story)
    with logging_to(io.StringIO()):
        logging.getLogger("zegel").addHandler(listening)
        try:
            async with living_village(tmp_path_factory.mktemp("blindness") / "utopia") as village:
                await village.walk(story)
        finally:
            logging.getLogger("zegel").removeHandler(listening)
    assert [step for step in story.steps if not step.ok] == []
    return village


def received(village: Village) -> list[Received]:
    return [_received(each) for each in village.exchanges if each.role == PROVIDER]


def _received(exchange: Exchange) -> Received:
    return Received(exchange.method, exchange.path, exchange.query, exchange.headers, exchange.body)


def provider(village: Village) -> Provider:
    answers = b"\n".join(each.answer for each in village.exchanges if each.role == PROVIDER)
    return Provider(village.config.wallet_provider.origin, answers)


def others(village: Village) -> list[bytes]:
    """What everybody else sent and received, as bytes: all but the provider, and the wallet's pages to its owner."""
    return [
        b"\n".join((_received(each).whole, repr(each.answered).encode(), each.answer))
        for each in village.exchanges
        if not each.role.startswith(PROVIDER) and each.role != "wallet"
    ]


def forbidden(village: Village) -> list[bytes]:
    """Hosts of everybody who is not the provider, types, names of claims, and what they hold of Erika."""
    config = village.config
    roles = (config.issuer, config.verifier, config.provider, config.service, config.wallet, config.trust)
    hosts = [role.origin.partition("://")[2] for role in roles] + [
        role.origin.split("/")[2].split(":")[0] for role in roles
    ]
    words = {"Tax online", config.issuer.name, config.verifier.name, config.provider.name, *personal_values("pid")}
    for type_ in load_catalogue().types.values():
        words |= {name for name in (type_.vct, type_.doctype) if name is not None}
        words |= {f"{type_.id}-sd-jwt", f"{type_.id}-mdoc"}
        words |= {claim.id for claim in type_.claims if len(claim.id) >= 8}
    return [word.encode() for word in {*hosts, *words}]


@pytest.mark.requirement("WIAM_12a")
@pytest.mark.requirement("WIAM_12b")
async def test_every_byte_is_explained_without_an_issuer_or_a_credential(walked: Village) -> None:
    requests = received(walked)
    assert {request.path.rpartition("/")[0] or request.path for request in requests} >= {
        "/instances", "/wallet-attestations", "/key-attestations", "/revoke", "/status"
    }  # fmt: skip
    assert provider(walked).findings(requests) == []


async def test_no_host_no_type_no_claim_is_mentioned_in_whatever_encoding(walked: Village) -> None:
    assert len(forbidden(walked)) > 80
    assert mentions(received(walked), forbidden(walked)) == set()


@pytest.mark.requirement("ISSU_35a")
async def test_nothing_that_others_saw_links_it_to_them_but_the_keys_themselves(walked: Village) -> None:
    requests = received(walked)
    keys = provider(walked).keys(requests)
    shared = shared_with_others(requests, others(walked))
    assert shared - coordinates(keys) == {b"x-www-form-urlencoded"}, "and what every form says of itself"


async def test_what_it_knows_is_how_many_attestations_a_wallet_had_and_when(walked: Village) -> None:
    """Said here so that nobody thinks it less: of each wallet its number, and two keys more for each issuer."""
    subjects = {
        json.loads(request.body)["instance"].split(".")[0]
        for request in received(walked)
        if request.path == "/wallet-attestations"
    }
    assert len(subjects) == 1


def coordinates(keys: set[PublicKey]) -> set[bytes]:
    """The public keys as JWKs spell them, and as base64url inside base64url may show them."""
    return {str(key.jwk()[name]).encode() for key in keys for name in ("x", "y")}


# --- bad twins: wallets that say too much are found -------------------------------------------------------------------


def with_member(name: str, value: object) -> Callable[[Received], Received]:
    def twin(request: Received) -> Received:
        return replace(request, body=json.dumps(json.loads(request.body) | {name: value}).encode())

    return twin


def with_header(name: str, value: str) -> Callable[[Received], Received]:
    return lambda request: replace(request, headers=(*request.headers, (name, value)))


def with_claim(request: Received) -> Received:
    """A proof of possession that says what the key is for."""
    key = random_private_key(system_random)
    claims = {"aud": "http://wallet-provider.localhost", "iat": 1, "for": "pid"}
    said = sign_jws(claims, signer=key, typ="zegel-key-possession+jwt", header={"jwk": key.public_key.jwk()}).decode()
    return replace(request, body=json.dumps(json.loads(request.body) | {"possession": said}).encode())


TWINS = {
    "the issuer's nonce": with_member("nonce", "n" * 43),
    "the issuer": with_member("issuer", "http://issuer.localhost"),
    "the issuer's preferred period": with_member("maintained", 7_776_000),
    "where it came from": with_header("referer", "http://issuer.localhost/offer"),
    "another host": with_header("origin", "http://issuer.localhost:7101"),
    "a trace": with_header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    "a cookie": with_header("cookie", "visitor=4711"),
    "its language": with_header("accept", "application/json;lang=nl"),
    "what a key is for": with_claim,
    "a query": lambda request: replace(request, query="type=pid"),
    "another path": lambda request: replace(request, path="/wallet-attestations/issuer.localhost"),
}


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
async def test_a_wallet_that_says_more_is_found(walked: Village, twin: Callable[[Received], Received]) -> None:
    told = next(request for request in received(walked) if request.path == "/wallet-attestations")
    assert provider(walked).findings([told]) == []
    assert len(provider(walked).findings([twin(told)])) == 1


async def test_a_word_that_is_hidden_in_a_token_is_found(walked: Village) -> None:
    host = walked.config.issuer.origin.partition("://")[2]
    hidden = sign_jws({"for": host}, signer=random_private_key(system_random), typ="JWT").decode()
    request = replace(received(walked)[0], body=hidden.encode())
    assert host.encode() in mentions([request], forbidden(walked))


async def test_a_wallet_that_has_its_keys_attested_with_the_issuers_nonce_is_found(tmp_path: Path) -> None:
    """OpenID4VCI 1.0 appendix F.3, which TS3 allows too: the provider then holds a value that the issuer made."""
    async with issuing_world(sandbox_at(tmp_path)) as world:
        await world.wallet().receive(await world.offer(), choice=Proof.ATTESTATION)
        origin = world.config.wallet_provider.origin
        sent = [(request, answer) for request, answer in world.provider_seen]
        requests = [Received(request.method, request.path, "", request.headers, request.body) for request, _ in sent]
        twin = Provider(origin, b"\n".join(answer.body for _, answer in sent))
        assert [finding for finding in twin.findings(requests) if "nonce" in finding]
        elsewhere = [request.body + b"\n" + answer.body for request, answer in world.seen]
        shared = shared_with_others(requests, elsewhere)
        assert shared - coordinates(twin.keys(requests))
