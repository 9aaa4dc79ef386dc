"""How an issuer is watched."""

from zegel.adapters.sql.store import SqlStore
from zegel.web.app.issuer_source import OpenSource
from zegel.web.app.keys import RoleKeys
from zegel.web.app.monitor import (
    chain_families,
    health_families,
    health_notices,
    issuance_families,
    key_condition,
    presentation_families,
    status_families,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.registration import RegistrationFiles
from zegel.web.app.roles import World
from zegel.web.issuer_site import IssuerSite
from zegel.web.monitor import Monitor


def issuer_monitor(
    world: World,
    site: IssuerSite,
    store: SqlStore,
    keys: RoleKeys,
    registrations: RegistrationFiles,
    source: OpenSource,
) -> Monitor:
    """What has to hold for an issuer to be ready, what it counts, and what its operator should look at."""
    return Monitor(
        "issuer",
        conditions={**store_condition(store), **key_condition(keys, world=world), **trust_condition(world)},
        families=lambda: (
            *issuance_families(site.issuer.batches, site.issuer.copies),
            *status_families(site.statuses),
            *chain_families(site.wallets.revoked),
            *store_families(store),
            *trust_families(world),
            *registrations.families(),
            *(() if site.verifier is None else presentation_families(site.verifier.service.presentations)),
            *health_families(source.desk, world=world),
        ),
        notices=lambda: (
            *health_notices(source.desk, world=world),
            *registrations.notices(),
            *source.notices(),
        ),
    )
