"""What a host answers with while an access certificate is ordered for it: files of one folder, and of no other."""

from pathlib import Path

import pytest
from zegel_testing.access_requests import ordered

from zegel.adapters.challenges import ChallengeFolder
from zegel.primitives.http import HttpRequest
from zegel.web.challenges import challenge_routes
from zegel.web.routing import Matched, find_route


def test_what_is_to_be_served_is_read_by_its_token(tmp_path: Path) -> None:
    folder = ChallengeFolder(tmp_path / "challenges")
    (challenge,) = ordered().challenges
    assert folder.read(challenge.content.partition(".")[0]) is None
    path = folder.serve(challenge)
    assert folder.read(challenge.content.partition(".")[0]) == challenge.content.encode()
    path.unlink()
    assert folder.read(challenge.content.partition(".")[0]) is None


@pytest.mark.parametrize("token", ["../secret", "..", ".hidden", "", "a/b", "a" * 129, "tok\0en", "sub"])
def test_what_is_no_token_leads_nowhere(tmp_path: Path, token: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "challenges" / "sub").mkdir(parents=True)
    (tmp_path / "challenges" / ".hidden").write_bytes(b"hidden")
    assert ChallengeFolder(tmp_path / "challenges").read(token) is None


@pytest.mark.anyio
async def test_a_host_answers_at_the_address_that_an_order_names(tmp_path: Path) -> None:
    folder = ChallengeFolder(tmp_path)
    (challenge,) = ordered().challenges
    folder.serve(challenge)
    routes = challenge_routes(folder.read)
    for url, status, body in ((challenge.url, 200, challenge.content.encode()), (challenge.url + "x", 404, b"")):
        request = HttpRequest(method="GET", url=url)
        found = find_route(routes, request)
        assert isinstance(found, Matched)
        response = await found.route.handler(None, request, **found.parts)
        assert (response.status, response.body) == (status, body)
