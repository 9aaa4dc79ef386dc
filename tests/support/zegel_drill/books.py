"""What must stand in the books of the registrar, the log and the access authority when a walk has come to its end."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

from sqlalchemy import select

from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.sealing import record_id
from zegel.adapters.sql.tables import access_certificates, log_entries, log_heads, register_changes
from zegel.primitives.crl import parse_crl
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import parse_object
from zegel.primitives.x509 import parse_certificate
from zegel.services.access_reports import UNREPORTED
from zegel.services.register_reader import ACCESS
from zegel.trust.transparency.items import LogEntry, parse_trans_item
from zegel_drill.ground import copied, ledger_of
from zegel_drill.offices import Offices
from zegel_drill.town import Town

_SECONDS = 5.0  # the authority tells the register once more after one


async def faults_of_books(town: Town, offices: Offices) -> list[str]:
    """Everything there that is not as it was told."""
    told = offices.told
    faults = [
        fault
        for name, standing in told.registered.items()
        async for fault in _registered(town, offices, name, standing)
    ]
    faults += _logged(town, told.logged)
    faults += _invited(town, told.invited)
    for identifier, serials in told.certified.items():
        faults += [f"{identifier}: {fault}" for fault in _certified(town, identifier, serials, told.abandoned)]
    return [*faults, *_revoked(town, told.withdrawn)]


async def _registered(town: Town, offices: Offices, identifier: str, standing: str) -> AsyncIterator[str]:
    """It stands, and was approved once, as the log of changes says."""
    entry = await offices.operate("registrar", "GET", f"/registrations/{identifier}")
    if (entry["standing"], entry["proposed"]) != (standing, None):
        yield f"{identifier} was {standing}, and is {entry['standing']}"
    with copied(town, "registrar") as database, database.transaction():
        rows = database.connection.execute(select(register_changes.c.identifier, register_changes.c.deed)).fetchall()
    deeds = Counter(deed for name, deed in rows if name == identifier)
    if deeds["approved"] != 1 or deeds["suspended"] != (standing == "suspended"):
        yield f"the register's log tells of {identifier}: {dict(deeds)}"


def _invited(town: Town, subjects: list[str]) -> Iterator[str]:
    """Each became an officer once, as the log of changes says, and nothing of an invitation is left."""
    with copied(town, "registrar") as database, database.transaction():
        rows = database.connection.execute(select(register_changes.c.identifier, register_changes.c.deed)).fetchall()
    for subject in subjects:
        if (enrolled := rows.count((subject, "enrolled"))) != 1:
            yield f"who was invited became an officer {enrolled} times"


def _logged(town: Town, names: list[str]) -> Iterator[str]:
    """Each certificate that the log took is in it once, and its last signed head is of no more than it has."""
    with copied(town, "transparency-log") as database, database.transaction():
        entries = [row[0] for row in database.connection.execute(select(log_entries.c.entry))]
        sizes = [row[0] for row in database.connection.execute(select(log_heads.c.size))]
    for name in names:
        if sum(name.encode() in entry for entry in entries) != 1:
            yield f"the certificate of {name} is not in the log once"
    if max(sizes, default=0) > len(entries):
        yield f"the log signed a head of {max(sizes)} entries, and has {len(entries)}"


def _certified(town: Town, identifier: str, serials: list[int], abandoned: int) -> Iterator[str]:
    """What was issued is known where it was, in the log and in the register, each once; and nothing else is."""
    with copied(town, "access-authority") as database, database.transaction():
        columns = (access_certificates.c.serial, access_certificates.c.party)
        rows = database.connection.execute(select(*columns)).fetchall()
    issued = sorted(int(serial, 16) for serial, party in rows if party == identifier)
    if issued != sorted(serials):
        yield f"{len(serials)} certificates were received, and the authority has issued {len(issued)}"
    with copied(town, "transparency-log") as database, database.transaction():
        entries = [row[0] for row in database.connection.execute(select(log_entries.c.entry))]
    announced = sum(identifier.encode() in parse_entry(entry).tbs_certificate for entry in entries)
    if not len(serials) <= announced <= len(serials) + abandoned:
        yield f"{len(serials)} certificates were received, and {announced} announced"
    end = time.monotonic() + _SECONDS
    reported, waiting = _reported(town, identifier), _waiting(town)
    while (reported != sorted(serials) or waiting) and time.monotonic() < end:
        time.sleep(0.1)  # the authority tells once more in its next turn, also what the register knows already
        reported, waiting = _reported(town, identifier), _waiting(town)
    if reported != sorted(serials):
        yield f"{len(serials)} certificates were received, and the register knows of {len(reported)}"
    if waiting:
        yield f"{waiting} certificates wait to be reported"


def parse_entry(entry: bytes) -> LogEntry:
    """An entry of a log as it is kept."""
    item = parse_trans_item(entry)
    assert isinstance(item, LogEntry)
    return item


def _waiting(town: Town) -> int:
    """How many certificates the authority has still to report."""
    return sum(kind == UNREPORTED.name for kind, _ in ledger_of(town, "access-authority").records)


def _reported(town: Town, identifier: str) -> list[int]:
    """The serial numbers that the register knows of a party, whether it shows them or not."""
    known = ledger_of(town, "registrar").records.get((ACCESS.name, record_id(ACCESS.name, identifier)))
    records = [] if known is None else [parse_object(each.encode(), what="record") for each in known.value.certificates]
    ders = [parse_base64(str(each["certificate"]), what="record", where="certificate") for each in records]
    return sorted(parse_certificate(der).serial_number for der in ders)


def _revoked(town: Town, serials: list[int]) -> Iterator[str]:
    """The list that is published has what was revoked."""
    if not serials:
        return
    origin = town.config.access_authority.origin
    (authority,) = load_authority(town)
    crl = parse_crl(_get(origin, f"/crl/{authority}.crl"))
    for serial in serials:
        if serial not in crl.unverified_serials:
            yield f"the certificate {serial:x} was revoked, and is not on the list"


def load_authority(town: Town) -> list[str]:
    """The key identifiers of who issues."""
    found = [each.key_id for each in load_certificates(town.config.access_authority.chain)]
    return [each.hex() for each in found if each is not None]


def _get(origin: str, path: str) -> bytes:
    at = urlsplit(origin)
    connection = HTTPConnection("127.0.0.1", at.port or 0, timeout=20)
    try:
        connection.request("GET", path, headers={"host": at.netloc})
        return connection.getresponse().read()
    finally:
        connection.close()
