"""How an opened role is watched: what has to hold for it to be ready, what it counts, and where that can be read."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from zegel.config.role import RoleConfig
from zegel.config.setting import is_loopback_host
from zegel.errors import Unavailable
from zegel.primitives.crl import MAX_REVOKED
from zegel.services.access_authority import AccessAuthorityService
from zegel.services.access_revocation import AccessRevocationService
from zegel.services.health import HealthDesk
from zegel.services.health_lists import folder_ages, list_age, old_folders, old_lists
from zegel.services.log import LogService
from zegel.services.ports import ListFolder
from zegel.services.status import StatusReader
from zegel.services.status_publisher import SMALL_HERD, StatusPublisher
from zegel.services.verifier import VerifierService
from zegel.web.app.keys import RoleKeys
from zegel.web.app.roles import Listener, World, listener
from zegel.web.load import Priority
from zegel.web.metrics import Family, Kind, Sample, counted, single
from zegel.web.monitor import METRICS, Condition, Monitor, probes, show_metrics
from zegel.web.routing import Route
from zegel.web.site import SitePolicy

if TYPE_CHECKING:  # a role without a database loads nothing of SQL
    from zegel.adapters.sql.store import SqlStore

ROUTES: Final[tuple[Route[Monitor], ...]] = (Route("GET", METRICS, show_metrics, priority=Priority.ALWAYS),)


def metrics_listeners(monitor: Monitor, *, config: RoleConfig, world: World) -> tuple[Listener, ...]:
    """The listener at which the role is watched, in plain http; none unless its port is configured."""
    if config.metrics_port is None:
        return ()
    address, port = config.metrics_address, config.metrics_port
    policy = SitePolicy(
        role=f"{monitor.role} metrics",
        origin=f"http://{address}:{port}",
        operator_token=None,
        any_host=not is_loopback_host(address),
    )
    routes = (*probes(monitor), *ROUTES)
    return (listener(monitor, routes, policy, title=monitor.role, address=address, port=port, tls=None, world=world),)


def store_condition(store: "SqlStore") -> Mapping[str, Condition]:
    """The database answers with all its tables, takes a write after a failure, and opens under the role's key."""
    return {"store": store.check_key}


def key_condition(keys: RoleKeys, *, world: World) -> Mapping[str, Condition]:
    """The certificates of the role's keys are in force; the keys themselves are there since it read them."""

    async def in_force() -> None:
        now = world.clock.now()
        for certificate in (certificate for signer in keys.signers() for certificate in signer.certificates):
            if now > certificate.not_after:
                raise Unavailable("key", "its certificate has expired")
            if now < certificate.not_before:
                raise Unavailable("key", "its certificate is not valid yet")

    return {"key": in_force}


def log_condition(log: LogService) -> Mapping[str, Condition]:
    """The log's database answers, and its latest tree head is no older than it may be."""

    async def signed() -> None:
        log.latest_head()

    return {"log": signed}


def log_families(log: LogService) -> tuple[Family, ...]:
    """What a log took in since it was opened, and how large its tree is."""
    return (
        single("zegel_log_entries_taken_total", Kind.COUNTER, "Entries taken in.", log.taken),
        single(
            "zegel_log_tree_size", Kind.GAUGE, "Entries under the latest tree head.", log.latest_head().head.tree_size
        ),
    )


def trust_condition(world: World) -> Mapping[str, Condition]:
    """Every list of trusted entities that is configured was fetched, and its next update is not overdue."""

    async def fresh() -> None:
        world.trust.check_fresh()

    return {"trust": fresh}


def revocations_condition(revocation: AccessRevocationService) -> Mapping[str, Condition]:
    """What was revoked is signed and served."""

    async def published() -> None:
        revocation.check_published()

    return {"revocations": published}


def access_families(service: AccessAuthorityService, revocation: AccessRevocationService) -> tuple[Family, ...]:
    """What an access authority issued and revoked since it was opened."""
    issued, revoked = "Access certificates issued.", "Access certificates revoked."
    refused = "Reports of access certificates that the register refused, and that are set aside."
    longest = f"Entries of the longest list of revoked access certificates; its readers take {MAX_REVOKED}."
    return (
        single("zegel_access_certificates_issued_total", Kind.COUNTER, issued, service.issued),
        single("zegel_access_certificates_revoked_total", Kind.COUNTER, revoked, revocation.revoked),
        single("zegel_access_reports_refused", Kind.GAUGE, refused, service.reports.refused),
        single("zegel_access_revocation_entries", Kind.GAUGE, longest, revocation.longest),
    )


def lists_condition(lists: ListFolder) -> Mapping[str, Condition]:
    """There is a list to be published, and each can be read."""

    async def readable() -> None:
        if not [lists.read(name) for name in lists.names()]:
            raise Unavailable("lists of trusted entities", "there is none in the folder")

    return {"lists": readable}


def store_families(store: "SqlStore") -> tuple[Family, ...]:
    """What the role's database counts."""
    removed, failed = "Records removed because their time was over.", "Failures of the database."
    return (
        single("zegel_purged_records_total", Kind.COUNTER, removed, store.purged),
        single("zegel_store_errors_total", Kind.COUNTER, failed, store.failures),
    )


def trust_families(world: World) -> tuple[Family, ...]:
    """The age of each list of trusted entities; it is named by its place in the configuration."""
    now = world.clock.now()
    ages: list[Sample] = []
    left: list[Sample] = []
    purposes = [config.purpose for config in world.config.trusted_lists]
    for position, listed in enumerate(world.trust.health()):
        labels = (
            {"list": f"trusted_lists[{position}]", "purpose": purposes[position]}
            if position < len(purposes)
            else {"list": listed.title, "purpose": "qualified-attestation"}
        )
        if listed.fetched_at is not None and listed.until is not None:
            ages.append(Sample(labels=labels, value=now - listed.fetched_at))
            left.append(Sample(labels=labels, value=listed.until - now))
    return (
        _gauge("zegel_trust_list_age_seconds", "Since a list of trusted entities was fetched and verified.", ages),
        _gauge(
            "zegel_trust_list_left_seconds",
            "Until nobody on it counts: its next update is due then, or it was fetched a day ago.",
            left,
        ),
    )


def health_notices(desk: HealthDesk | None, *, world: World) -> tuple[str, ...]:
    """The lists of health authorities that are old, or that another one is held back for, and what is revoked, where
    that is old; a role goes on by them."""
    if desk is None:
        return ()
    now, old = world.clock.now(), world.config.health.old
    lists = tuple(list_age(each, now=now) for each in old_lists(desk.lists, now=now, old=old))
    return (*lists, *folder_ages(old_folders(desk.folders, now=now, old=old), now=now))


def health_families(desk: HealthDesk | None, *, world: World) -> tuple[Family, ...]:
    """The age of each list of health authorities that is fetched, and whether another one is held back for it; and the
    age of what nobody fetches."""
    now, urls = world.clock.now(), world.config.health.lists
    lists = (
        {} if desk is None else {each.url: each for each in desk.lists if each.url in urls}
    )  # a file may be one, too
    labelled = [({"list": f"health.lists[{urls.index(url)}]"}, each) for url, each in lists.items()]
    ages = [Sample(labels=at, value=now - each.fetched_at) for at, each in labelled if each.fetched_at is not None]
    held = [Sample(labels=at, value=int(bool(each.held_back))) for at, each in labelled]
    folders = () if desk is None else desk.folders
    written = [
        Sample(labels={"folder": each.name}, value=now - each.newest) for each in folders if each.newest is not None
    ]
    written_meaning = "Since the newest file of a setting of [health] was written."
    held_meaning = "1 where the list that was found last is older, or lost too many signers: the one of before counts."
    return (
        _gauge("zegel_health_list_age_seconds", "Since a list of health authorities was fetched.", ages),
        _gauge("zegel_health_list_held_back", held_meaning, held),
        _gauge("zegel_health_folder_age_seconds", written_meaning, written),
    )


def status_families(statuses: StatusPublisher) -> tuple[Family, ...]:
    """The age of the status list that was signed first, and how many credentials each list is about."""
    meaning = "Since the oldest published status list was signed."
    of: dict[str, list[int]] = {"status-list": [], "identifier-list": []}
    for herd in statuses.herds:
        of["identifier-list" if herd.of_identifiers else "status-list"].append(herd.live)
    lists, smallest, small = (
        "Published lists.",
        "Live entries of the list that has fewest.",
        f"Published lists that relate to fewer than {SMALL_HERD} live credentials.",
    )
    return (
        single("zegel_status_list_age_seconds", Kind.GAUGE, meaning, statuses.age()),
        _gauge("zegel_status_lists", lists, _of_kind({kind: len(live) for kind, live in of.items()})),
        _gauge(
            "zegel_status_list_smallest_herd",
            smallest,
            _of_kind({kind: min(live) for kind, live in of.items() if live}),
        ),
        _gauge(
            "zegel_status_lists_small",
            small,
            _of_kind({kind: sum(count < SMALL_HERD for count in live) for kind, live in of.items()}),
        ),
    )


def status_reader_families(statuses: StatusReader, verifier: VerifierService) -> tuple[Family, ...]:
    """What was fetched of others' status lists, and what had to be said without a fresh one."""
    fetched, failed = "Status lists fetched.", "Status lists that could not be fetched."
    stale = "Presentations whose status list could not be had anew in time, within the profile's grace."
    return (
        single("zegel_status_fetches_total", Kind.COUNTER, fetched, statuses.fetches),
        single("zegel_status_fetch_failures_total", Kind.COUNTER, failed, statuses.failures),
        single("zegel_stale_statuses_total", Kind.COUNTER, stale, verifier.stale),
    )


def chain_families(revoked: int) -> tuple[Family, ...]:
    """The batches that were revoked because their wallet was."""
    meaning = "Batches of credentials revoked because their wallet was."
    return (single("zegel_chain_revocations_total", Kind.COUNTER, meaning, revoked),)


def renewal_families(renewed: int) -> tuple[Family, ...]:
    """The registrations that were certified for longer by the registrar itself."""
    meaning = "Registrations whose certificates were renewed by the registrar itself."
    return (single("zegel_registrations_renewed_total", Kind.COUNTER, meaning, renewed),)


def presentation_families(presentations: Mapping[str, int]) -> tuple[Family, ...]:
    """The answers of wallets, by how they ended."""
    meaning = "Answers of wallets, by how they ended."
    return (counted("zegel_presentations_total", meaning, presentations, by="outcome"),)


def sign_in_families(sign_ins: Mapping[str, int]) -> tuple[Family, ...]:
    """The sign-ins that ended, by how."""
    return (counted("zegel_sign_ins_total", "Sign-ins, by how they ended.", sign_ins, by="outcome"),)


def issuance_families(batches: Mapping[str, int], copies: Mapping[str, int]) -> tuple[Family, ...]:
    """What was issued, by format."""
    return (
        counted("zegel_issuances_total", "Batches of credentials issued.", batches, by="format"),
        counted("zegel_credentials_issued_total", "Credentials issued, each copy by itself.", copies, by="format"),
    )


def _gauge(name: str, meaning: str, samples: Sequence[Sample]) -> Family:
    return Family(name=name, kind=Kind.GAUGE, meaning=meaning, samples=tuple(samples))


def _of_kind(values: Mapping[str, int]) -> list[Sample]:
    return [Sample(labels={"kind": kind}, value=value) for kind, value in values.items()]
