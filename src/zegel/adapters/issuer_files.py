"""What an issuer's configuration names beyond keys: its types, its wallets, and where its persons come from."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from zegel.adapters.catalogue import load_catalogue_with
from zegel.adapters.files import read_file
from zegel.adapters.people_file import load_people_file
from zegel.config.roles import Config, IssuerConfig, SourceConfig
from zegel.config.setting import wrong_setting
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.catalogue.types import AttestationType, Catalogue
from zegel.protocols.oauth.redirects import check_registration
from zegel.protocols.oauth.server import MAX_CLIENT_ID
from zegel.protocols.openid4vp.dcql import DcqlQuery, parse_query
from zegel.services.health import VALID

MAX_QUERY: Final = 65_536  # a query for a hundred claims has under 10 kB
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {"csv": ("csv",), "oidc": ("provider", "client_id")}
"""The settings without which a source of a kind is none."""


def offered_types(config: IssuerConfig, catalogue: Catalogue) -> Mapping[str, AttestationType]:
    """The types on offer, in the order of the configuration; ``Malformed`` for one that the catalogue does not have."""
    for setting, known in (
        ("types", catalogue.types),
        ("delayed_types", config.types),
        ("identifier_list_types", catalogue.types),
        ("chained_types", catalogue.types),
    ):
        for id_ in getattr(config, setting):
            if id_ not in known:
                raise wrong_setting(f"issuer.{setting}", f"expected some of {', '.join(known)}")
    return {id_: catalogue.types[id_] for id_ in config.types}


def registered_wallets(config: IssuerConfig) -> Mapping[str, tuple[str, ...]]:
    """The redirect URIs of each registered wallet; ``Malformed`` for a registration that would not hold."""
    registered: dict[str, tuple[str, ...]] = {}
    for position, wallet in enumerate(config.wallets):
        where = f"issuer.wallets[{position}]"
        if not 0 < len(wallet.id) <= MAX_CLIENT_ID or wallet.id in registered:
            raise wrong_setting(f"{where}.id", f"expected an identifier of 1 to {MAX_CLIENT_ID} characters, each once")
        if not wallet.redirect_uris:
            raise wrong_setting(f"{where}.redirect_uris", "expected at least one redirect URI")
        for number, uri in enumerate(wallet.redirect_uris):
            _check_redirect_uri(uri, f"{where}.redirect_uris[{number}]")
        registered[wallet.id] = wallet.redirect_uris
    return registered


def check_source(config: SourceConfig) -> SourceConfig:
    """Return the settings of a source if none is missing of those that its kind needs; ``Malformed`` otherwise."""
    for name in _NEEDED.get(config.kind, ()):
        if not getattr(config, name):
            detail = f"expected this setting for a source of the kind {config.kind}"
            raise wrong_setting(f"issuer.source.{name}", detail)
    return config


def load_query(path: Path) -> DcqlQuery:
    """Read the query with which an issuer asks for another attestation."""
    return parse_query(read_file(path, max_bytes=MAX_QUERY))


def find_issuer_faults(config: Config) -> Iterator[str]:
    """What of these would keep the issuer from starting, each with the setting's path."""
    try:
        registered_wallets(config.issuer)
    except Malformed as error:
        yield f"{error.field}: {error.expected}"
    try:
        catalogue = load_catalogue_with(config.issuer.catalogue)
    except (Malformed, Unavailable) as error:
        yield f"issuer.catalogue: {error}"
        return  # which types there are is not known
    try:
        if VALID in offered_types(config.issuer, catalogue):
            config.health.require_rules()
    except Malformed as error:
        yield f"{error.field}: {error.expected}"
    yield from _source_faults(config.issuer.source, catalogue)


def _check_redirect_uri(uri: str, where: str) -> str:
    try:
        return check_registration(uri)
    except Rejected:
        detail = "expected a URI without fragment: https, http on loopback, or an app's own scheme"
        raise wrong_setting(where, detail) from None


def _source_faults(config: SourceConfig, catalogue: Catalogue) -> Iterator[str]:
    try:
        check_source(config)
    except Malformed as error:
        yield f"{error.field}: {error.expected}"
        return
    try:
        if config.kind == "csv" and config.csv is not None:
            load_people_file(config.csv, catalogue=catalogue)
    except (Malformed, Unavailable) as error:
        yield f"issuer.source.csv: {error}"
    try:
        if config.kind == "presentation" and config.query is not None:
            load_query(config.query)
    except (Malformed, Unavailable) as error:
        yield f"issuer.source.query: {error}"
