"""The doctor before a deployment: everything is good, then one thing at a time is not, and exactly that is found."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.browser import link_of
from zegel_testing.doctor import Spoil, date, eyes, found, ill, serve_trust
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.sign_in_world import SignInWorld, sign_in_world

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.revocation_files import read_revocations
from zegel.config.roles import Config
from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.keys import random_private_key
from zegel.profiles import PLAIN
from zegel.services.doctor.doctor import examine
from zegel.services.doctor.eyes import DAY
from zegel.services.doctor.findings import State
from zegel.services.doctor.topics import Topic
from zegel.services.ports import TlsPeer
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.revocation import RevocationLists

pytestmark = pytest.mark.anyio

METADATA = "/.well-known/openid-credential-issuer"
SERVER = "/.well-known/oauth-authorization-server"
PROVIDER = "/.well-known/openid-configuration"


def members_at(path: str, **changes: Any) -> Spoil:
    """The document at a path, with members changed; None takes one away."""

    def spoil(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.path != path or response.header("content-type") != "application/json":
            return response
        members = json.loads(response.body) | changes
        kept = {name: value for name, value in members.items() if value is not None}
        return replace(response, body=json.dumps(kept).encode())

    return spoil


def header_at(path: str, name: str, value: str | None) -> Spoil:
    """An answer at a path with another value of a header, or without it."""

    def spoil(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.path != path:
            return response
        others = tuple(header for header in response.headers if header[0] != name)
        return replace(response, headers=others if value is None else (*others, (name, value)))

    return spoil


def status_at(path: str, status: int) -> Spoil:
    return lambda request, response: replace(response, status=status) if request.path == path else response


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return sandbox_at(tmp_path_factory.mktemp("doctor") / "sandbox")


@pytest.fixture
async def issuing(sandbox: Config, tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox, database=f"sqlite:///{tmp_path}/issuer.db") as world:
        await serve_trust(world.world, world.handlers)
        yield world


@pytest.fixture
async def signing_in(sandbox: Config, tmp_path: Path) -> AsyncIterator[SignInWorld]:
    async with sign_in_world(sandbox, database=tmp_path / "provider.db") as world:
        await serve_trust(world.world, world.handlers)
        yield world


# --- an issuer ------------------------------------------------------------------------------------------------------


async def test_a_sound_issuer_is_found_sound(issuing: IssuingWorld) -> None:
    findings = list(await examine(issuing.issuer, eyes=eyes(issuing.world)))
    assert not [each for each in findings if each.state in (State.BROKEN, State.DOUBTFUL)]
    assert {each.topic for each in findings} >= {
        Topic.REACHABLE, Topic.TLS, Topic.CLOCK, Topic.CONTENT, Topic.CORS, Topic.IDENTITY, Topic.METADATA,
        Topic.SIGNED_METADATA, Topic.CERTIFICATE, Topic.AUTHORIZATION, Topic.NONCE, Topic.STATUS,
        Topic.CERTIFICATE_PROFILE, Topic.CHAIN, Topic.TIMESTAMP,
    }  # fmt: skip
    who = "access certificate of Utopia identity office"
    assert " on EUWRPACProvidersList number 1 of Utopia" in found(findings, Topic.CHAIN, who).found
    assert found(findings, Topic.TIMESTAMP, who).found.startswith("of the log 2.25.")


ISSUER = "issuer metadata"
FAULTS: Mapping[str, tuple[Spoil, Topic, str, State]] = {
    "another identifier": (
        members_at(METADATA, credential_issuer="https://issuer.laputa.example"), Topic.IDENTITY, ISSUER, State.BROKEN,
    ),
    "no credential endpoint": (
        members_at(METADATA, credential_endpoint=None), Topic.METADATA, ISSUER, State.BROKEN,
    ),
    "a configuration that nobody can use": (
        members_at(METADATA, credential_configurations_supported={"x": {"format": "ldp_vc"}}),
        Topic.METADATA, "configuration x", State.DOUBTFUL,
    ),
    "the wrong media type": (
        header_at(METADATA, "content-type", "text/html"), Topic.CONTENT, ISSUER, State.BROKEN,
    ),
    "a type that may be guessed": (
        header_at(METADATA, "x-content-type-options", None), Topic.CONTENT, ISSUER, State.DOUBTFUL,
    ),
    "no other origin may read": (
        header_at(METADATA, "access-control-allow-origin", None), Topic.CORS, ISSUER, State.DOUBTFUL,
    ),
    "one other origin may read": (
        header_at(METADATA, "access-control-allow-origin", "https://wallet.laputa.example"),
        Topic.CORS, ISSUER, State.DOUBTFUL,
    ),
    "a clock that is behind": (
        header_at(METADATA, "date", date(-61)), Topic.CLOCK, "", State.BROKEN,
    ),
    "a clock that is ahead": (
        header_at(METADATA, "date", date(11)), Topic.CLOCK, "", State.BROKEN,
    ),
    "a date that is none": (header_at(METADATA, "date", "noon"), Topic.CLOCK, "", State.DOUBTFUL),
    "no date": (header_at(METADATA, "date", None), Topic.CLOCK, "", State.UNSEEN),
    "no signature": (
        header_at(METADATA, "content-type", "application/json"), Topic.SIGNED_METADATA, "signed metadata",
        State.DOUBTFUL,
    ),
    "a server of another name": (
        members_at(SERVER, issuer="https://issuer.laputa.example"), Topic.IDENTITY, "authorization server",
        State.BROKEN,
    ),
    "a server without a token endpoint": (
        members_at(SERVER, token_endpoint=None), Topic.METADATA, "authorization server", State.BROKEN,
    ),
    "a server without PAR": (
        members_at(SERVER, pushed_authorization_request_endpoint=None), Topic.AUTHORIZATION, "authorization server",
        State.BROKEN,
    ),
    "a server with plain PKCE": (
        members_at(SERVER, code_challenge_methods_supported=["plain"]), Topic.AUTHORIZATION, "authorization server",
        State.BROKEN,
    ),
    "a server that is not there": (status_at(SERVER, 404), Topic.REACHABLE, "authorization server", State.BROKEN),
    "a nonce that is kept": (
        header_at("/nonce", "cache-control", None), Topic.NONCE, "nonce endpoint", State.BROKEN,
    ),
    "a nonce of yesterday": (
        members_at("/nonce", c_nonce="yesterday"), Topic.NONCE, "nonce endpoint", State.BROKEN,
    ),
    "no nonce in the answer": (members_at("/nonce", c_nonce=None), Topic.NONCE, "nonce endpoint", State.BROKEN),
    "a nonce endpoint that fails": (status_at("/nonce", 500), Topic.NONCE, "nonce endpoint", State.BROKEN),
    "no nonce endpoint": (
        members_at(METADATA, nonce_endpoint=None), Topic.NONCE, "nonce endpoint", State.UNSEEN,
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("spoil", "topic", "subject", "state"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_is_found_where_it_is(
    issuing: IssuingWorld, spoil: Spoil, topic: Topic, subject: str, state: State
) -> None:
    before = ill(await examine(issuing.issuer, eyes=eyes(issuing.world)))
    after = ill(await examine(issuing.issuer, eyes=eyes(issuing.world, spoil))) - before
    assert (topic, subject or issuing.issuer, state) in after, after


@pytest.mark.slow
async def test_the_lists_that_the_authorization_server_names_are_examined(issuing: IssuingWorld) -> None:
    """Status list draft 20 section 9.1 recommends that place, and ours stand there."""
    found = await examine(issuing.issuer, eyes=eyes(issuing.world))
    assert [each.state for each in found if each.topic is Topic.STATUS] == [State.GOOD]

    def spoil(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return HttpResponse(status=404) if request.path == "/status" else response

    found = await examine(issuing.issuer, eyes=eyes(issuing.world, spoil))
    assert State.GOOD not in [each.state for each in found if each.topic is Topic.STATUS]


@pytest.mark.slow
async def test_an_address_of_a_status_list_that_is_none_is_a_finding(issuing: IssuingWorld) -> None:
    """And not the end of the examination: whoever is examined has written it."""
    lists = json.dumps({"status_lists": ["https://[", "https://issuer.utopia.example/\x1b[2J"]}).encode()

    def spoil(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.path == "/named":
            return HttpResponse(status=200, body=lists)
        return naming(request, response)

    naming = members_at(METADATA, status_list_aggregation_endpoint=issuing.issuer + "/named")
    found = await examine(issuing.issuer, eyes=eyes(issuing.world, spoil))
    assert [each.state for each in found if each.topic is Topic.STATUS] == [State.BROKEN, State.BROKEN]


@pytest.mark.parametrize("url", ["https://[", "https://[::1/?client_id=x", "openid4vp://[?client_id=x"])
async def test_what_is_no_address_is_malformed(issuing: IssuingWorld, url: str) -> None:
    with pytest.raises(Malformed):
        await examine(url, eyes=eyes(issuing.world))


@pytest.mark.slow
async def test_what_is_found_says_the_clause_and_the_remedy(issuing: IssuingWorld) -> None:
    spoil = members_at(METADATA, credential_issuer="https://issuer.laputa.example")
    finding = found(await examine(issuing.issuer, eyes=eyes(issuing.world, spoil)), Topic.IDENTITY, ISSUER)
    assert finding.check == "server-metadata"
    assert finding.found.startswith("credential_issuer: ")
    assert finding.clause
    assert finding.remedy


async def test_a_nonce_comes_with_any_status_in_the_200s(issuing: IssuingWorld) -> None:
    findings = await examine(issuing.issuer, eyes=eyes(issuing.world, status_at("/nonce", 201)))
    assert found(findings, Topic.NONCE, "nonce endpoint").state is State.GOOD


async def test_a_slash_too_many_is_another_identifier(issuing: IssuingWorld) -> None:
    findings = await examine(issuing.issuer + "/", eyes=eyes(issuing.world))
    assert ill(findings) == {(Topic.IDENTITY, ISSUER, State.BROKEN)}
    assert found(findings, Topic.SIGNED_METADATA, "signed metadata").state is State.GOOD  # the other's


@pytest.mark.slow
async def test_nobody_trusted_makes_the_signature_worthless(issuing: IssuingWorld) -> None:
    issuing.clock.advance(181 * DAY)  # the lists are overdue, the certificate is valid
    findings = await examine(issuing.issuer, eyes=eyes(issuing.world))
    finding = found(findings, Topic.SIGNED_METADATA, "signed metadata")
    assert (finding.state, finding.check) == (State.BROKEN, "anchor")


async def test_no_log_that_is_trusted_makes_the_timestamp_worthless(issuing: IssuingWorld) -> None:
    anchors = [anchor for purpose in Purpose for anchor in issuing.world.trust.anchors.of(purpose)]
    revocation = RevocationLists(read_revocations(issuing.world.config.trust.folder))
    trust = Trust((), fixed=anchors, clock=issuing.clock, revocation=revocation)
    findings = await examine(issuing.issuer, eyes=eyes(issuing.world, trust=trust))
    refused = {(each.topic, each.check) for each in findings if each.state is State.BROKEN}
    assert refused == {
        (Topic.TIMESTAMP, "certificate-timestamp"), (Topic.SIGNED_METADATA, "certificate-timestamp"),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("days", "state"), [(300, State.GOOD), (352, State.DOUBTFUL)])
async def test_a_certificate_is_doubtful_in_its_last_fortnight(issuing: IssuingWorld, days: int, state: State) -> None:
    root = issuing.world.config.issuer.access_chain.parents[1] / "authorities" / "access.pem"
    (certificate,) = load_certificates(root)
    fixed = TrustAnchor(certificate=certificate, purpose=Purpose.ACCESS, entity="Utopia access office")
    logs = issuing.world.trust.anchors.logs
    issuing.clock.advance(days * DAY)
    revocation = RevocationLists(read_revocations(issuing.world.config.trust.folder), grace=400 * DAY)
    trust = Trust((), fixed=[fixed, *logs], clock=issuing.clock, revocation=revocation)
    findings = await examine(issuing.issuer, eyes=eyes(issuing.world, trust=trust))
    assert found(findings, Topic.CERTIFICATE, "access certificate of Utopia identity office").state is state


@pytest.mark.slow
async def test_under_plain_a_server_without_par_is_only_doubtful(issuing: IssuingWorld) -> None:
    spoil = members_at(SERVER, pushed_authorization_request_endpoint=None)
    findings = await examine(issuing.issuer, eyes=eyes(issuing.world, spoil, profile=PLAIN))
    assert (Topic.AUTHORIZATION, "authorization server", State.DOUBTFUL) in ill(findings)


@pytest.mark.slow
async def test_an_offer_leads_to_its_issuer(issuing: IssuingWorld) -> None:
    offer = await issuing.offer("pid")
    findings = list(await examine(offer["link"], eyes=eyes(issuing.world)))
    assert findings[0].found == "of pid-sd-jwt, pid-mdoc"
    assert found(findings, Topic.IDENTITY, ISSUER).state is State.GOOD


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("peer", "state"),
    [
        (TlsPeer(version="TLSv1.3", not_after=NOW + 60 * DAY), State.GOOD),
        (TlsPeer(version="TLSv1.2", not_after=NOW + 60 * DAY), State.GOOD),
        (TlsPeer(version="TLSv1.3", not_after=NOW + 13 * DAY), State.DOUBTFUL),
        (TlsPeer(version="TLSv1.1", not_after=NOW + 60 * DAY), State.BROKEN),
        (None, State.BROKEN),
    ],
)
async def test_a_handshake_is_judged(issuing: IssuingWorld, peer: TlsPeer | None, state: State) -> None:
    url = "https://issuer.utopia.example"
    issuing.handlers[url] = issuing.handlers[issuing.issuer]
    findings = await examine(url, eyes=eyes(issuing.world, tls=peer))
    assert found(findings, Topic.TLS, url).state is state
    assert found(findings, Topic.TRANSPORT_SECURITY, url).state is State.DOUBTFUL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "state"),
    [("max-age=31536000; includeSubDomains", State.GOOD), ("max-age=60", State.DOUBTFUL), ("", State.DOUBTFUL)],
)
async def test_browsers_are_to_insist_on_tls_for_long(issuing: IssuingWorld, said: str, state: State) -> None:
    url = "https://issuer.utopia.example"
    issuing.handlers[url] = issuing.handlers[issuing.issuer]
    spoil = header_at(METADATA, "strict-transport-security", said)
    findings = await examine(url, eyes=eyes(issuing.world, spoil))
    assert found(findings, Topic.TRANSPORT_SECURITY, url).state is state


@pytest.mark.slow
async def test_plain_http_is_for_this_machine_alone(issuing: IssuingWorld) -> None:
    findings = await examine(issuing.issuer, eyes=eyes(issuing.world, plain_origins=frozenset()))
    assert found(findings, Topic.TLS, issuing.issuer).state is State.BROKEN


# --- nobody is there ------------------------------------------------------------------------------------------------


async def test_nobody_there_is_said_once(issuing: IssuingWorld) -> None:
    findings = list(await examine("https://nobody.utopia.example", eyes=eyes(issuing.world)))
    assert ill(findings) == {(Topic.REACHABLE, "https://nobody.utopia.example", State.BROKEN)}
    assert len(findings) == 1


# --- a sign-in provider ---------------------------------------------------------------------------------------------


async def test_a_sound_provider_is_found_sound(signing_in: SignInWorld) -> None:
    assert ill(await examine(signing_in.provider, eyes=eyes(signing_in.world))) == set()


PRIVATE = random_private_key(system_random)
JWK = PRIVATE.public_key.jwk()
PROVIDER_FAULTS: Mapping[str, tuple[Spoil, Topic, str, State]] = {
    "another issuer": (
        members_at(PROVIDER, issuer="https://login.laputa.example"), Topic.IDENTITY, "sign-in provider", State.BROKEN,
    ),
    "no token endpoint": (
        members_at(PROVIDER, token_endpoint=None), Topic.METADATA, "sign-in provider", State.BROKEN,
    ),
    "no PKCE": (
        members_at(PROVIDER, code_challenge_methods_supported=None), Topic.METADATA, "sign-in provider",
        State.DOUBTFUL,
    ),
    "RSA alone": (
        members_at(PROVIDER, id_token_signing_alg_values_supported=["RS256"]), Topic.METADATA, "sign-in provider",
        State.DOUBTFUL,
    ),
    "no keys": (members_at("/jwks", keys=[]), Topic.KEYS, "published keys", State.BROKEN),
    "keys of one name": (
        members_at("/jwks", keys=[JWK | {"kid": "a"}, JWK | {"kid": "a"}]), Topic.KEYS, "published keys",
        State.DOUBTFUL,
    ),
    "a key that is none": (members_at("/jwks", keys=[{"kty": "?"}]), Topic.KEYS, "published keys", State.BROKEN),
    "a private key": (members_at("/jwks", keys=[JWK | {"d": "AA"}]), Topic.KEYS, "published keys", State.BROKEN),
    "keys that are not there": (status_at("/jwks", 404), Topic.REACHABLE, "published keys", State.BROKEN),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("spoil", "topic", "subject", "state"), PROVIDER_FAULTS.values(), ids=PROVIDER_FAULTS)
async def test_a_provider_s_fault_is_found_where_it_is(
    signing_in: SignInWorld, spoil: Spoil, topic: Topic, subject: str, state: State
) -> None:
    findings = await examine(signing_in.provider, eyes=eyes(signing_in.world, spoil))
    assert ill(findings) == {(topic, subject, state)}


@pytest.mark.slow
async def test_a_private_key_that_is_published_is_not_shown(signing_in: SignInWorld) -> None:
    spoil = members_at("/jwks", keys=[JWK | {"d": "c2VjcmV0"}])
    findings = await examine(signing_in.provider, eyes=eyes(signing_in.world, spoil))
    assert "c2VjcmV0" not in repr(list(findings))


# --- a request ------------------------------------------------------------------------------------------------------


async def a_link(world: SignInWorld) -> str:
    """The link by which the provider asks a wallet."""
    return link_of(await world.browser().open(f"{world.service}/sign-in"), "Open my wallet")


@pytest.mark.slow
async def test_a_sound_request_is_found_sound(signing_in: SignInWorld) -> None:
    findings = list(await examine(await a_link(signing_in), eyes=eyes(signing_in.world)))
    assert ill(findings) == set()
    assert found(findings, Topic.REQUEST, "who asks").found.startswith("Utopia sign-in, by ")
    for topic in (Topic.CERTIFICATE_PROFILE, Topic.CHAIN, Topic.TIMESTAMP, Topic.CERTIFICATE):
        assert found(findings, topic, "access certificate of Utopia sign-in").state is State.GOOD
    assert "(dc+sd-jwt)" in found(findings, Topic.REQUEST, "presentation request").found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda _request, response: replace(response, status=404), "request-delivery"),
        (lambda _request, response: replace(response, body=response.body[:-4] + b"AAAA"), "signature"),
        (lambda _request, response: replace(response, body=b"no request"), "syntax"),
        (lambda _request, response: replace(response, status=503), "availability"),
    ],
    ids=["absent", "another signature", "no request object", "overloaded"],
)
async def test_a_request_that_a_wallet_refuses_is_broken_by_the_same_check(
    signing_in: SignInWorld, spoil: Spoil, check: str
) -> None:
    findings = list(await examine(await a_link(signing_in), eyes=eyes(signing_in.world, spoil)))
    assert [each.check for each in findings if each.state is State.BROKEN] == [check]


async def test_a_request_of_nobody_is_doubtful_under_plain_and_broken_under_haip(signing_in: SignInWorld) -> None:
    link = (
        "openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Fverifier.utopia.example%2Fr&response_type=vp_token"
        "&response_mode=direct_post&nonce=n&state=s&client_metadata=%7B%22vp_formats_supported%22%3A%7B%22dc%2Bsd-jwt"
        "%22%3A%7B%7D%7D%7D&dcql_query=%7B%22credentials%22%3A%5B%7B%22id%22%3A%22a%22%2C%22format%22%3A%22dc%2Bsd-jwt"
        "%22%2C%22meta%22%3A%7B%22vct_values%22%3A%5B%22urn%3Autopia%3Aresidence%3A1%22%5D%7D%7D%5D%7D"
    )
    peer = TlsPeer(version="TLSv1.3", not_after=NOW + 60 * DAY)
    plain = await examine(link, eyes=eyes(signing_in.world, profile=PLAIN, tls=peer))
    assert ill(plain) == {(Topic.REQUEST, "who asks", State.DOUBTFUL)}
    haip = await examine(link, eyes=eyes(signing_in.world, tls=peer))
    assert {each.check for each in haip if each.state is State.BROKEN} == {"profile"}
