"""A sandbox on disk, made in one go: everything that the roles need, readable by its owner alone.

zegel.toml      the configuration of every role
keys/           keys, chains, seals and operator tokens, as the configuration names them
authorities/    the roots, and who certifies below the access root, with their keys; no role ever reads them. The key of
                the access root is sealed in access.root, under the passphrase in access.passphrase
health/         the health authority's certificate, its rules, and certificates of the demo people
trust/          the signed lists of trusted entities and their operator's root; in crl/ what the authorities revoked,
                in qualified/ the lists in XML
data/           the log and the register, in which those who were certified stand; the roles make the other databases
web-ca.pem      the root of the sandbox's own web authority
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias, final

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.files import create_owner_only, make_owner_only_folder, os_errors
from zegel.adapters.keyfiles import create_private_key, create_secret
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.adapters.sandbox.authorities import (
    COUNTRY,
    END_ENTITIES,
    certify,
    certify_list_operator,
    certify_web,
    create_below_root,
    create_issuing,
    create_log,
    create_roots,
    publish_revocations,
)
from zegel.adapters.sandbox.health import FOLDER as HEALTH_FOLDER
from zegel.adapters.sandbox.health import RULE_SET, RULES, TRUST, create_health
from zegel.adapters.sandbox.lists import LIST_FILES, LIST_PATH, OPERATOR_FILE, write_lists
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.adapters.sandbox.qualified import (
    JOURNAL_FILE,
    LISTS_FILE,
    QUALIFIED_PATH,
    qualified_types,
    write_qualified_lists,
)
from zegel.adapters.sandbox.registrations import REGISTRATIONS, create_registrations
from zegel.adapters.sql.log import open_log
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.config.roles import IssuerConfig
from zegel.errors import Malformed
from zegel.primitives.der import dotted_oid
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json
from zegel.primitives.keys import random_private_key
from zegel.primitives.x509 import DAY
from zegel.services.health import VALID
from zegel.services.log import LogIdentity, LogService, issue_logged
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Authority
from zegel.trust.transparency.logs import LogSigner

KEPT_LISTS: Final = "data/lists"
CHALLENGES: Final = "data/challenges"
CONFIG_FILE: Final = "zegel.toml"
WEB_CA_FILE: Final = "web-ca.pem"
TRUST_FOLDER: Final = "trust"
_FOLDERS: Final = ("keys", "authorities", TRUST_FOLDER, HEALTH_FOLDER, "data")
LOG_DATABASE: Final = "data/log.db"  # where the log looks for it, unless it is told otherwise
_SEALED: Final = ("issuer", "verifier", "provider", "wallet-provider", "registrar", "access-authority")
_CLIENT: Final = "tax-online"
_REGISTRAR: Final = "registrar"

# In a sandbox everybody is one address, and whoever measures it has no time to wait. What is guessed stays rare.
_BUSY: Final[Mapping[str, tuple[str, ...]]] = {
    "issuer": ("request", "par", "token", "token_session", "offer", "offer_session", "nonce"),
    "verifier": ("request", "request_session"),
    "provider": ("request", "request_session", "token", "token_session"),
    "wallet_provider": ("attestation",),
    "registrar": ("register", "request", "log_in"),
    "access_authority": ("request",),
    "door": ("request", "request_session"),
}
_ANY_RATE: Final = 1_000_000

_BRISK_LISTS: Final = {"status_list_period": 1, "status_list_ttl": 60}

Value: TypeAlias = "str | int | bool | list[str]"
Table: TypeAlias = Mapping[str, Value]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that was made."""

    config: Path
    trust_folder: Path
    web_ca: Path


def create_sandbox(folder: Path, plan: SandboxPlan, *, now: int, random: Callable[[int], bytes]) -> Sandbox:
    """Make a sandbox in an empty or new folder; ``Malformed`` when something is in the way."""
    folder = folder.resolve()
    _refuse_what_is_in_the_way(folder)
    for made in (folder, *(folder / name for name in _FOLDERS)):
        make_owner_only_folder(made)
    roots = create_roots(folder, now=now, random=random)
    log = create_log(folder, random=random)
    below = create_below_root(folder, plan, roots["access"], now=now, random=random)
    authorities = roots | {BELOW_ROOT: below}
    yesterday = now - DAY  # as the certificates: whose clock is behind believes them, too
    with _opened_log(folder, roots["access"], log, now=yesterday) as service:
        stamp = partial(issue_logged, log=service, above=(below.certificate,), now=yesterday)
        certify(folder, plan, authorities, stamp=stamp, now=now, random=random)
    issuing = create_issuing(folder, plan, roots["access"], now=now, random=random)
    publish_revocations(folder, plan, authorities, now=yesterday, random=random)
    certify_web(folder, plan, roots["web"], now=now, random=random)
    create_owner_only(folder / WEB_CA_FILE, roots["web"].certificate.pem.encode())
    signer = certify_list_operator(roots["lists"], now=now, random=random)
    write_lists(
        folder / TRUST_FOLDER,
        plan,
        roots,
        log=log,
        issuing=issuing,
        signer=signer,
        catalogue=load_catalogue(),
        now=now,
    )
    write_qualified_lists(
        folder / TRUST_FOLDER,
        plan,
        roots["attestations"].certificate,
        types=qualified_types(load_catalogue()),
        now=now,
        random=random,
    )
    secret_hashes = _create_secrets(folder / "keys", random=random)
    create_registrations(
        folder,
        plan,
        roots["registration"],
        trust_folder=folder / TRUST_FOLDER,
        catalogue=load_catalogue(),
        now=now,
        random=random,
    )
    create_health(folder, now=now, random=random)
    create_owner_only(folder / CONFIG_FILE, _config(plan, log=log, secret_hashes=secret_hashes).encode())
    return Sandbox(config=folder / CONFIG_FILE, trust_folder=folder / TRUST_FOLDER, web_ca=folder / WEB_CA_FILE)


@contextmanager
def _opened_log(folder: Path, access: Authority, log: LogSigner, *, now: int) -> Iterator[LogService]:
    """The log before its role starts: what the sandbox is made with stands in it first."""
    accepted = TrustAnchors([TrustAnchor(certificate=access.certificate, purpose=Purpose.ACCESS, entity=COUNTRY)])
    identity = LogIdentity(signer=log, merge_delay=DAY, at_once=len(END_ENTITIES))
    store = open_log(f"sqlite:///{folder / LOG_DATABASE}")
    try:
        yield LogService(identity, store=store, anchors=lambda: accepted, clock=_FixedClock(now))
    finally:
        store.close()


@final
class _FixedClock:
    """The one moment in which a sandbox is made."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """See ``Clock``."""
        return self._now


def _refuse_what_is_in_the_way(folder: Path) -> None:
    """Before anything is made: half a sandbox among the remains of another would be neither."""
    for name in (*_FOLDERS, CONFIG_FILE, WEB_CA_FILE):
        with os_errors(folder):
            if os.path.lexists(folder / name):
                detail = f"{folder / name} is there already; a sandbox is made in a new or empty folder"
                raise Malformed("command line", "the folder", detail)


def _create_secrets(keys: Path, *, random: Callable[[int], bytes]) -> dict[str, str]:
    """Seals, tokens and bare keys; returns what the provider keeps of its clients' secrets."""
    for name in _SEALED:
        create_secret(keys / f"{name}.seal", random=random)
    for role in OPERATED:
        create_secret(keys / f"{role.replace('_', '-')}-operator.token", random=random)
    create_secret(keys / "provider-subject.secret", random=random)
    for name in ("provider", "issuer-encryption", "registrar"):
        create_private_key(keys / f"{name}.key.pem", random_private_key(random))
    return {
        name: base64url(sha256(base64url(create_secret(keys / f"{name}.secret", random=random)).encode()).digest())
        for name in (_CLIENT, _REGISTRAR)
    }


def _config(plan: SandboxPlan, *, log: LogSigner, secret_hashes: Mapping[str, str]) -> str:
    """The zegel.toml: what differs from the defaults, and nothing else."""
    tables: list[tuple[str, Table]] = [("[outbound]", {"web_authority": WEB_CA_FILE})]
    tables.append(("[lists]", {"kept": KEPT_LISTS}))
    tables += [("[[trusted_lists]]", _trusted_list(plan, listed.file, listed.purpose)) for listed in LIST_FILES]
    tables.append(("[[qualified_lists]]", _qualified_list(plan)))
    tables.append(("[registrations]", {"registrar": plan.origin("registrar")}))
    tables.append(("[health]", {"trust": [TRUST], "rules": RULES, "rule_set": RULE_SET}))
    tables += [(f"[{role}]", _role(plan, role, log=log)) for role in ROLES]
    tables.append(("[issuer.source]", {"registration": REGISTRATIONS["issuer-asking"]}))
    tables += [(f"[{role}.rates]", dict.fromkeys(limits, _ANY_RATE)) for role, limits in _BUSY.items()]
    tables += _client(plan, secret_hashes[_CLIENT])
    tables += _registrar_client(plan, secret_hashes[_REGISTRAR])
    lines = ["# Made by zegel. docs/configuration.md says what can be set."]
    for header, table in tables:
        lines += ["", header, *(f"{name} = {encode_json(value).decode()}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _trusted_list(plan: SandboxPlan, file: str, purpose: str) -> Table:
    return {
        "purpose": purpose,
        "location": plan.origin("trust") + LIST_PATH + file,
        "signer": f"{TRUST_FOLDER}/{OPERATOR_FILE}",
    }


def _qualified_list(plan: SandboxPlan) -> Table:
    return {
        "location": plan.origin("trust") + QUALIFIED_PATH + LISTS_FILE,
        "signers": f"{TRUST_FOLDER}/{QUALIFIED_FOLDER}/{JOURNAL_FILE}",
        "types": list(qualified_types(load_catalogue())),
        "roles": ["verifier", "wallet"],
    }


def _role(plan: SandboxPlan, role: str, *, log: LogSigner) -> Table:
    table: dict[str, Value] = {"origin": plan.origin(role), "port": plan.ports[role]}
    if plan.tls:
        table |= {"tls_certificate": f"keys/{role}-web.pem", "tls_key": f"keys/{role}-web.key.pem"}
    if role in OPERATED:
        table["operator_port"] = plan.operator_ports[role]
    if role in plan.metrics_ports:
        table["metrics_port"] = plan.metrics_ports[role]
    if role in ("issuer", "verifier", "provider", "wallet", "door"):
        table["profile"] = plan.profile
    if role in ("issuer", "provider", "door"):
        table["wallet"] = plan.origin("wallet")
    if role == "issuer":
        # Credo 0.6 looks for the key of a status list where it found that of the credential, and nowhere else.
        table |= {"status_key": "keys/issuer.key.pem", "status_chain": "keys/issuer.pem"}
        table["types"] = [*IssuerConfig().types, VALID]
        table["identifier_list_types"] = ["mdl"]  # an mdoc alone, so that both mechanisms are seen at work
    if role in ("issuer", "verifier", "provider"):
        table["challenges"] = CHALLENGES
    if role in ("issuer", "verifier", "door"):
        table["registration"] = REGISTRATIONS[role]
    match role:
        case "wallet":
            table["provider"] = plan.origin("wallet_provider")
        case "transparency_log":
            table["id"] = dotted_oid(log.id, what="log ID")
        case "service":
            table["provider"] = plan.origin("provider")
        case "registrar":
            table |= {"provider": plan.origin("provider"), "client_secret": f"keys/{_REGISTRAR}.secret"}
            table |= _BRISK_LISTS if plan.brisk else {}
        case "access_authority":
            table["registrar"] = f"http://127.0.0.1:{plan.operator_ports['registrar']}"
            table["log"] = plan.origin("transparency_log")
        case "issuer" | "wallet_provider" if plan.brisk:
            table |= _BRISK_LISTS
        case "verifier" | "provider" if plan.brisk:
            table["status_cache"] = 1
        case _:
            pass
    return table


def _client(plan: SandboxPlan, secret_hash: str) -> list[tuple[str, Table]]:
    """Tax online: what it gets to know, and from which claim its lasting subject is made."""
    prefix = "provider.clients"
    tables: list[tuple[str, Table]] = [
        (
            f"[[{prefix}]]",
            {
                "id": _CLIENT,
                "name": "Tax online",
                "redirect_uris": [plan.origin("service") + "/callback"],
                "secret_hash": secret_hash,
                "cross_device": True,
                "registration": REGISTRATIONS[_CLIENT],
            },
        ),
        (f"[{prefix}.stable_from]", {"attestation": "pid", "claims": ["personal_administrative_number"]}),
    ]
    mapped = {
        "given_name": "given_name",
        "family_name": "family_name",
        "birthdate": "birth_date",
        '"address.formatted"': "resident_address",
    }
    for name, id_ in mapped.items():
        tables.append((f"[{prefix}.claims.{name}]", {"attestation": "pid", "claims": [id_]}))
    return tables


def _registrar_client(plan: SandboxPlan, secret_hash: str) -> list[tuple[str, Table]]:
    """The registrar: it greets people by their names, and knows them again by the same claim as Tax online."""
    prefix = "provider.clients"
    client: Table = {
        "id": _REGISTRAR,
        "name": "Utopia registrar",
        "redirect_uris": [plan.origin("registrar") + "/sign-in/return"],
        "secret_hash": secret_hash,
        "cross_device": True,
        "registration": REGISTRATIONS[_REGISTRAR],
    }
    stable: Table = {"attestation": "pid", "claims": ["personal_administrative_number"]}
    tables: list[tuple[str, Table]] = [(f"[[{prefix}]]", client), (f"[{prefix}.stable_from]", stable)]
    names = ("given_name", "family_name")
    return tables + [(f"[{prefix}.claims.{name}]", {"attestation": "pid", "claims": [name]}) for name in names]
