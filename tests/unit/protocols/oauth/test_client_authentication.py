"""Who asks the authorization server: a wallet with its attestation, or a client without, as the profile lets them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import SERVER, WALLET_ID, Issuer, plain_issuer, wallet_attestation

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest
from zegel.profiles import PLAIN, ClientAuthentication
from zegel.protocols.oauth.client_attestation import HEADER, POP_HEADER, sign_attestation_pop
from zegel.protocols.oauth.nonces import NoncePurpose
from zegel.protocols.oauth.server import MAX_CLIENT_ID, AuthorizationServer, authenticate_client

INSTANCE = fixed_key("wallet instance")
PUBLIC = plain_issuer().server


def asking(headers: Mapping[str, str] | None = None) -> HttpRequest:
    return HttpRequest(method="POST", url=f"{SERVER}/par", headers=tuple((headers or {}).items()))


def attested(server: AuthorizationServer) -> HttpRequest:
    challenge = server.nonces.issue(NoncePurpose.ATTESTATION_CHALLENGE, now=NOW, random=fixed_random())
    proof = sign_attestation_pop(
        INSTANCE, client_id=WALLET_ID, audience=server.issuer, challenge=challenge, now=NOW, random=fixed_random()
    )
    return asking({HEADER: wallet_attestation(INSTANCE), POP_HEADER: proof})


def denied(server: AuthorizationServer, request: HttpRequest, client_id: str | None) -> tuple[str, Check]:
    with pytest.raises(Denied) as refusal:
        authenticate_client(server, request, client_id=client_id, anonymous=False, now=NOW)
    return refusal.value.code, refusal.value.check


@pytest.mark.parametrize("client_id", ["c", "c" * MAX_CLIENT_ID])
def test_a_public_client_has_a_name_of_one_character_to_as_many_as_allowed(client_id: str) -> None:
    known = authenticate_client(PUBLIC, asking(), client_id=client_id, anonymous=False, now=NOW)
    assert known.identity.client_id == client_id
    assert known.identity.instance is None


@pytest.mark.refuses(Check.REQUEST_PARAMETERS)
@pytest.mark.parametrize("client_id", [None, "", "c" * (MAX_CLIENT_ID + 1)])
def test_a_public_client_with_another_name_is_refused(client_id: str | None) -> None:
    assert denied(PUBLIC, asking(), client_id) == ("invalid_client", Check.REQUEST_PARAMETERS)


def test_a_public_client_may_stay_without_name_where_the_endpoint_says_so() -> None:
    known = authenticate_client(PUBLIC, asking(), client_id=None, anonymous=True, now=NOW)
    assert known.identity.client_id is None


@pytest.mark.refuses(Check.PROFILE)
def test_a_client_authenticates_as_the_profile_has_it_and_not_otherwise() -> None:
    assert denied(Issuer().server, asking(), WALLET_ID) == ("invalid_client", Check.PROFILE)
    public_alone = replace(PLAIN, client_authentication=frozenset({ClientAuthentication.NONE}))
    server = replace(PUBLIC, profile=public_alone)
    assert denied(server, attested(server), WALLET_ID) == ("invalid_client", Check.PROFILE)
    known = authenticate_client(PUBLIC, attested(PUBLIC), client_id=WALLET_ID, anonymous=False, now=NOW)
    assert known.identity.provider == "Utopian Wallets"
