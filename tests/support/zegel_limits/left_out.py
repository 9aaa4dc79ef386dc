"""Limits beyond which something is passed over, or sent elsewhere, without a refusal of its own."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from httpcore2 import ConnectTimeout
from zegel_testing import parsers
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.registration import LIBRARY

from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.pinning import PinnedBackend
from zegel.errors import Unavailable
from zegel.formats.credential import StatusReference
from zegel.formats.status.entries import MAX_LARGE_LIST, MAX_LIST, inflate
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.primitives.languages import accepted_languages
from zegel.protocols.openid4vci.wallet.session import asks_for_nonce
from zegel.protocols.openid4vp.satisfaction import _spelled
from zegel.protocols.openid4vp.wallet import _said
from zegel.services.access_neighbours import OperatedRegister, _reason
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.web.browser import Browser, CookiePolicy, new_browser
from zegel.web.senders import FORWARDED_FOR, _named_before
from zegel.web.sign_ins import begin_sign_in, known_sign_ins, too_many
from zegel.web.verifier_operator import _seconds
from zegel.web.wallet_door import Door
from zegel.web.wallet_provider import _kids
from zegel.web.wallet_site import checked_onward
from zegel_limits.cuts import configured, json_of
from zegel_limits.habits import LOGINS
from zegel_limits.pair import Pair

_STATUS: Final = "https://status.utopia.example"


def _inflated(size: int, *, most: int) -> object:
    return inflate(1, zlib.compress(bytes(size)), what="test", max_bytes=most)


def _fetched(size: int) -> object:
    """A status list that is so long on its way; what is no list is refused for that."""

    async def answer(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, headers=(("content-type", "application/statuslist+jwt"),), body=b"a" * size)

    clock = ManualClock(NOW)
    trust, outbound = Trust((), fixed=(), clock=clock), Loopback({_STATUS: answer})
    reader = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=60)
    return asyncio.run(reader.fetch_status_list(StatusReference(uri=f"{_STATUS}/1", index=1)))


def _renewed_before_the_end(quarter: int) -> int:
    """By how many seconds a certificate is renewed early that lives for four times as long as that."""
    certificate = replace(LIBRARY, issued_at=NOW, expires=NOW + 4 * quarter)
    return certificate.valid_until - certificate.renew_from


def _party(size: int) -> object:
    """What a register answers of a party, so long; it is none for another reason."""

    async def answer(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, body=b"{}".ljust(size))

    register = OperatedRegister(_STATUS, token="t", outbound=Loopback({_STATUS: answer}))
    return asyncio.run(register.party("NTRUT-1"))


def _onward(length: int) -> object:
    path = "/present?".ljust(length, "x")
    return _kept(checked_onward(path) == path)


def _named(length: int) -> object:
    jwk = parsers.JWK | {"kid": "k" * length}
    return _kept(bool(_kids([parsers.KEY.public_key], [jwk])))


def _shown(**display: Any) -> object:
    shown = configured(display=[{"name": "N"} | display]).display
    return _kept(bool(shown) and None not in (shown[0].name, shown[0].logo))


def _attempts(attempt: int) -> object:
    answer = HttpResponse(
        status=400,
        headers=(("content-type", "application/json"), ("dpop-nonce", "n")),
        body=encode_json({"error": "use_dpop_nonce"}),
    )
    return _kept(asks_for_nonce(answer, attempt=attempt))


def _kept(is_kept: bool) -> None:
    if not is_kept:
        raise ValueError("it is passed over")


def _hops(count: int) -> int:
    line = ", ".join(f"192.0.2.{at % 250}" for at in range(count))
    request = HttpRequest(method="GET", url="https://a.example/", headers=((FORWARDED_FOR, line),))
    return len(list(_named_before(request)))


def _sign_ins(count: int) -> list[Browser]:
    policy = CookiePolicy(role="provider", secure=True, key=bytes(32))
    return [begin_sign_in(policy, at.to_bytes(32)) for at in range(count)]


def _remembered(count: int) -> int:
    sign_ins = _sign_ins(count)
    return count - len(too_many(sign_ins))


def _looked_at(count: int) -> int:
    cookies = "; ".join(f"{each.policy.name}={each.id}" for each in _sign_ins(count))
    request = HttpRequest(method="GET", url="https://a.example/", headers=(("cookie", cookies),))
    return len(known_sign_ins(request, CookiePolicy(role="provider", secure=True, key=bytes(32))))


def _inside(count: int) -> int:
    policy = CookiePolicy(role="wallet", secure=True, key=bytes(32))
    door = Door(clock=ManualClock(NOW), random=fixed_random("door"), seconds=60, announce=lambda _: None)
    browsers = [new_browser(policy, at.to_bytes(32)) for at in range(count)]
    for browser in browsers:
        door.enter(door.fresh_code(), browser, before=None)
    return sum(door.bindings(browser) is not None for browser in browsers)


def _addresses(count: int) -> int:
    """How many of a host's addresses are tried when none answers."""
    tried: list[str] = []

    class Network:
        async def connect_tcp(self, address: str, *_: object) -> object:
            tried.append(address)
            raise ConnectTimeout

    async def resolve(_name: str, _port: int) -> list[str]:
        return [f"93.184.216.{at + 1}" for at in range(count)]

    backend = PinnedBackend(loopback=frozenset(), resolve=resolve, network=Network())  # type: ignore[arg-type]
    with suppress(ConnectTimeout):
        asyncio.run(backend.connect_tcp("a.example", 443))
    return len(tried)


LEFT_OUT: Final[Mapping[str, Pair]] = {
    "zegel.services.access_neighbours._ANSWER_BYTES": Pair(_party, Unavailable, says="more than", filler=True),
    "zegel.formats.status.entries.MAX_LIST": Pair(lambda n: _inflated(n, most=MAX_LIST)),
    "zegel.formats.status.entries.MAX_LARGE_LIST": Pair(lambda n: _inflated(n, most=MAX_LARGE_LIST)),
    "zegel.services.status.MAX_LIST_TOKEN": Pair(_fetched, Unavailable, says="it answers with more than", filler=True),
    "zegel.web.wallet_site.MAX_ONWARD": Pair(_onward, ValueError, says="passed over"),
    "zegel.web.wallet_provider.MAX_KID": Pair(_named, ValueError, says="passed over"),
    "zegel.protocols.openid4vci.descriptions.MAX_SHOWN": Pair(
        lambda n: _shown(name="n" * n, logo={"uri": "u"}), ValueError, says="passed over"
    ),
    "zegel.protocols.openid4vci.descriptions._MAX_LOGO": Pair(
        lambda n: _shown(logo={"uri": "u" * n}), ValueError, says="passed over"
    ),
    "zegel.protocols.openid4vci.wallet.session.MAX_ATTEMPTS": Pair(
        _attempts, ValueError, says="passed over", ends=True
    ),
}
MORE_CUTS: Final[Mapping[str, Callable[[int], int]]] = {
    "zegel.services.access_neighbours._REASON": lambda n: len(_reason({"detail": "x" * n})),
    "zegel.trust.registration.values._FORTNIGHT": _renewed_before_the_end,
    "zegel.adapters.pinning._MAX_TRIES": _addresses,
    "zegel.primitives.languages.MAX_LANGUAGES": lambda n: len(
        accepted_languages(",".join(f"de-{at}" for at in range(n)))
    ),
    "zegel.protocols.openid4vp.satisfaction._MAX_NAME": lambda n: len(_spelled(("x" * n,))),
    "zegel.protocols.openid4vp.wallet._MAX_SAID": lambda n: len(_said(json_of(400, error_description="x" * n))),
    "zegel.web.senders._MAX_HOPS": _hops,
    **LOGINS,
    "zegel.web.verifier_operator.MAX_WAIT": lambda n: int(_seconds(str(n))),
    "zegel.web.sign_ins.MAX_SIGN_INS": _remembered,
    "zegel.web.sign_ins._MOST_COOKIES": _looked_at,
    "zegel.web.wallet_door.MAX_BROWSERS": _inside,
}
