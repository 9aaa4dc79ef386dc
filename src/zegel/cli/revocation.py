"""What is known of revocation where a file is judged: what stands in the trust folders, and what else a chain names."""

import asyncio
from argparse import Namespace
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar, final

from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.cli.network import outbound_of
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.crl import UnverifiedCrl, parse_crl
from zegel.trust.anchors import TrustAnchors
from zegel.web.app.world import PublishedRevocations

JudgedT = TypeVar("JudgedT")


@final
class KnownRevocation:
    """The anchors of ``--trust``, with the lists of revoked certificates that are at hand, or were fetched for a chain.

    With ``--no-network`` none is fetched, and what no list speaks of passes: ``is_open`` says that there was such.
    """

    def __init__(self, args: Namespace, *, now: int) -> None:
        self.anchors: TrustAnchors = load_trust(args.trust, now=now, unsafe_unknown=args.no_network)
        self._args = args
        self._now = now
        self._asked: set[str] = set()
        self._found: list[UnverifiedCrl] = []
        self._missed: dict[str, Unavailable] = {}

    @property
    def is_open(self) -> bool:
        """Whether a certificate was taken of which nobody knows here whether it is revoked."""
        return self._args.no_network and bool(self.anchors.revocation.wanted)

    def judge(self, verify: Callable[[TrustAnchors], JudgedT]) -> JudgedT:
        """What ``verify`` comes to; the lists that it misses are fetched, and it is asked again.

        ``Unavailable`` where one that is needed could be had from none of its addresses.
        """
        while True:
            try:
                return verify(self.anchors)
            except Rejected as error:
                wanted = self.anchors.revocation.wanted
                if error.check is not Check.REVOCATION_STALE or self._args.no_network or not wanted:
                    raise
                if wanted <= self._missed.keys():
                    missed = self._missed[min(wanted)]
                    raise Unavailable("list of revoked certificates", missed.detail) from None
                if wanted <= self._asked:
                    raise
            asyncio.run(self._fetch(sorted(wanted - self._asked)))
            self.anchors = load_trust(self._args.trust, now=self._now, more=self._found)

    async def _fetch(self, urls: Iterable[str]) -> None:
        outbound = outbound_of(self._args)
        source = PublishedRevocations(outbound)
        try:
            for url in urls:
                self._asked.add(url)
                try:
                    body = (await source.fetch(url)).body
                except Unavailable as error:
                    self._missed[url] = error
                    continue
                with suppress(Malformed):  # as good as none: whoever judges misses it
                    self._found.append(parse_crl(body))
        finally:
            await outbound.aclose()
