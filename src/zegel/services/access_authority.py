"""The authority for access certificates: ordered on a registration, proven by its hosts, issued by way of a log.

IO stands between the steps of the order, never inside one; a token is taken before it is tried, and so is tried once.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.http import HttpRequest
from zegel.primitives.keys import PublicKey
from zegel.primitives.x509 import Certificate, verify_path
from zegel.protocols.transparency.submission import PRECERTIFICATE, UnverifiedSubmission
from zegel.services.access_ports import AccessStore, CertificateLog, Registry
from zegel.services.access_reports import AccessReports
from zegel.services.ports import Clock, Kind, Outbound, Random
from zegel.services.turns import Turns
from zegel.trust.access_authority.orders import AccessOrder, Challenge, Standing, begin_order
from zegel.trust.access_authority.profile import (
    Addresses,
    Certified,
    check_certifiable,
    draft_access_certificate,
)
from zegel.trust.access_authority.request import parse_certificate_request, verify_certificate_request
from zegel.trust.anchors import PROFILES, Purpose, TrustAnchors
from zegel.trust.authority import Authority, Draft
from zegel.trust.transparency.issuance import announce, complete

AUTHORITY_PATH: Final = "/authority/"
CRL_PATH: Final = "/crl/"
CRL_SUFFIX: Final = ".crl"
CERTIFICATE_SUFFIX: Final = ".cer"
PAGE: Final = 100  # certificates that the operator is shown at a time
_MAX_ANSWER: Final = 1_024  # bytes; a token and a thumbprint have 87

ORDERS: Final = Kind(name="access order", states=(AccessOrder,))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingAuthority:
    """Who issues: ``authority`` below a root, ``above`` the certificates between it and the root, mostly none.

    ``reserved`` are the keys of the authority, present and past, which are certified for nobody.
    """

    authority: Authority
    above: tuple[Certificate, ...] = ()
    reserved: frozenset[PublicKey] = frozenset()

    @property
    def key_id(self) -> str:
        """Its key identifier, in hexadecimal: by it its list of revoked certificates is found."""
        key_id = self.authority.certificate.key_id
        assert key_id is not None  # an authority without one is not opened
        return key_id.hex()


@final
class AccessAuthorityService:
    """Takes orders and issues. ``origin`` is where it publishes; ``days`` is for how long certificates are valid."""

    def __init__(
        self,
        origin: str,
        *,
        issuing: IssuingAuthority,
        days: int,
        store: AccessStore,
        registry: Registry,
        log: CertificateLog,
        anchors: Callable[[], TrustAnchors],
        outbound: Outbound,
        clock: Clock,
        random: Random,
    ) -> None:
        self._origin = origin
        self._issuing = issuing
        self._days = days
        self._store = store
        self._registry = registry
        self._log = log
        self._anchors = anchors
        self._outbound = outbound
        self._clock = clock
        self._random = random
        self._turns = Turns()
        self.reports: Final = AccessReports(store=store, registry=registry, log=log.origin, clock=clock)
        self.issued = 0

    def issue_with(self, issuing: IssuingAuthority) -> None:
        """From now on this authority issues."""
        self._issuing = issuing

    async def order(self, identifier: str, service: str, request: bytes) -> AccessOrder:
        """Somebody orders a certificate for a Service of a party (Reg_10a).

        ``Malformed`` or ``Rejected`` with CERTIFICATE_REQUEST, ACCESS_REGISTRATION or ACCESS_HOST.
        """
        asked = verify_certificate_request(parse_certificate_request(request), reserved=self._issuing.reserved)
        party = await self._registry.party(identifier)
        certified = check_certifiable(party, service=service, key=asked.key, hosts=asked.hosts)
        order = begin_order(certified, now=self._clock.now(), random=self._random)
        async with self._store.transaction() as transaction:
            await transaction.put(ORDERS, order.id, order, expires=order.until)
        return order

    async def look(self, order_id: str) -> AccessOrder:
        """How an order stands; ``Rejected(ACCESS_ORDER)`` for one that is not there, or was refused."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(ORDERS, order_id)
            order = stored.value if stored is not None else await transaction.access.load(order_id)
        if order is None:
            raise Rejected(Check.ACCESS_ORDER, "expected an order that is open or issued", field="order")
        return order.at(self._clock.now())

    async def finish(self, order_id: str) -> AccessOrder:
        """Have the hosts of an order asked for their tokens, and issue.

        ``Rejected`` with HOST_CONTROL, after which the order is gone, ACCESS_ORDER, ACCESS_REGISTRATION or ACCESS_HOST;
        ``Unavailable`` where somebody does not answer, and it can be tried again.
        """
        async with self._turns.of(order_id):
            order = await self._prove((await self.look(order_id)).check_open())
            certified = await self._certifiable(order)
            issued = order.issue(await self._issue(order, certified), now=self._clock.now())
            async with self._store.transaction(durable=True) as transaction:
                if await transaction.take(ORDERS, order_id) is None:
                    raise Rejected(Check.ACCESS_ORDER, "the order is over", field="order")
                await transaction.access.add(issued)
                await self.reports.remember(transaction, issued)
            self.issued += 1
        with suppress(Unavailable):  # the timer tries again
            await self.reports.report()
        return issued

    async def certificates(self, *, after: int) -> tuple[tuple[int, AccessOrder], ...]:
        """A page of what was issued, each with its cursor."""
        now = self._clock.now()
        async with self._store.transaction() as transaction:
            found = await transaction.access.page(after=after, limit=PAGE)
        return tuple((cursor, order.at(now)) for cursor, order in found)

    async def _prove(self, order: AccessOrder) -> AccessOrder:
        """The order with its hosts proven; a token that was tried is gone unless nobody answered."""
        if order.standing is not Standing.ORDERED:
            return order
        async with self._store.transaction(durable=True) as transaction:
            if await transaction.take(ORDERS, order.id) is None:
                raise Rejected(Check.ACCESS_ORDER, "the order is over", field="order")
        try:
            answers = {each.host: await self._ask(each) for each in order.challenges}
        except Unavailable:
            await self._keep(order)
            raise
        proven = order.prove(answers, now=self._clock.now())
        await self._keep(proven)
        return proven

    async def _keep(self, order: AccessOrder) -> None:
        async with self._store.transaction(durable=True) as transaction:
            await transaction.put(ORDERS, order.id, order, expires=order.until)

    async def _ask(self, challenge: Challenge) -> bytes:
        """What a host answers, itself: where it leads to elsewhere, that is not it."""
        response = await self._outbound.fetch(HttpRequest(method="GET", url=challenge.url), max_bytes=_MAX_ANSWER)
        return response.body if response.status == 200 else b""

    async def _certifiable(self, order: AccessOrder) -> Certified:
        """As it is registered now: an officer may have decided since."""
        party = await self._registry.party(order.party)
        return check_certifiable(party, service=order.service, key=order.key, hosts=order.hosts)

    async def _issue(self, order: AccessOrder, certified: Certified) -> tuple[Certificate, ...]:
        """Announce, have it taken in, sign with what the log said, and see that wallets will take it (CT_01, CT_04)."""
        issuing = self._issuing
        draft = self._draft(order, certified, issuing)
        above = (issuing.authority.certificate, *issuing.above)
        submission = UnverifiedSubmission(
            type=PRECERTIFICATE, submission=announce(draft), chain=tuple(each.der for each in above)
        )
        anchors = self._anchors()
        items = await self._log.submit(submission)
        leaf = complete(draft, items, logs=anchors.logs, now=self._clock.now())
        roots = tuple(anchor.certificate.parse() for anchor in anchors.of(Purpose.ACCESS))
        verify_path((leaf, *above), anchors=roots, profile=PROFILES[Purpose.ACCESS], now=self._clock.now())
        return (leaf, *above)

    def _draft(self, order: AccessOrder, certified: Certified, issuing: IssuingAuthority) -> Draft:
        """What is to be issued on an order, valid since it was proven: the same each time, unless what it says is not.

        An announcement is a promise: whoever is interrupted behind it keeps that one, and makes no other.
        """

        def draft(serial: Random) -> Draft:
            return draft_access_certificate(
                issuing.authority,
                certified,
                addresses=self._addresses(issuing),
                now=order.since,
                days=self._days,
                random=serial,
            )

        said = draft(bytes).tbs  # with a serial number of zeros
        return draft(lambda count: order.serial_of(said, count))

    def _addresses(self, issuing: IssuingAuthority) -> Addresses:
        return Addresses(
            revocations=f"{self._origin}{CRL_PATH}{issuing.key_id}{CRL_SUFFIX}",
            certificate=f"{self._origin}{AUTHORITY_PATH}{issuing.key_id}{CERTIFICATE_SUFFIX}",
            statement=f"{self._origin}/",
        )
