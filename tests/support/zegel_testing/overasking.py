"""The ways of asking for more than one may, each with what a wallet has to find: one table for every format.

A row is about an attestation format and a certificate format; what differs between SD-JWT VC and mdoc is in ``ASKED``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from zegel.checks import Check
from zegel.primitives.claim_path import ClaimPath
from zegel.trust.registration.credentials import MDOC, SD_JWT_VC, RegisteredCredential
from zegel.trust.registration.values import Intermediary, RegistrationCertificate
from zegel_testing.authorities import DAY

ATTESTATIONS: Final = (SD_JWT_VC, MDOC)
NAMESPACE: Final = "eu.europa.ec.eudi.pid.1"
DRIVING: Final = "org.iso.18013.5.1"
_META: Final = {SD_JWT_VC: {"vct_values": ["urn:eudi:pid:1"]}, MDOC: {"doctype_value": NAMESPACE}}

ASKED: Final[Mapping[str, Mapping[str, ClaimPath]]] = {
    SD_JWT_VC: {"name": ("family_name",), "portrait": ("picture",), "nested": ("address", "street_address")},
    MDOC: {"name": (NAMESPACE, "family_name"), "portrait": (NAMESPACE, "portrait"), "nested": (NAMESPACE, "un_sign")},
}
"""A claim that is registered, one that is not, and one of which another one at the same level is."""

REGISTERED: Final = (
    RegisteredCredential(
        format=SD_JWT_VC,
        types=("urn:eudi:pid:1",),
        claims=(("family_name",), ("given_name",), ("address", "locality"), ("nationalities", 0)),
    ),
    RegisteredCredential(
        format=MDOC,
        types=(NAMESPACE,),
        claims=((NAMESPACE, "family_name"), (NAMESPACE, "given_name"), (DRIVING, "un_sign")),
    ),
)
OTHER_USE: Final = (
    RegisteredCredential(format=SD_JWT_VC, types=("urn:eudi:pid:1",), claims=(("birthdate",),)),
    RegisteredCredential(format=MDOC, types=(NAMESPACE,), claims=((NAMESPACE, "birth_date"),)),
)
"""What another intended use of the same party is registered for."""

Query = Callable[[str], dict[str, Any]]
Change = Callable[[RegistrationCertificate, int], RegistrationCertificate]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is asked, how the certificate differs from a good one at a time, and what is found.

    ``beyond`` names, in ``ASKED``, what is listed of the query. ``revoked`` and ``sent`` are of the certificate.
    """

    query: Query
    check: Check | None
    change: Change = lambda certificate, _: certificate
    beyond: tuple[str, ...] = ()
    revoked: bool = False
    sent: bool = True


def credential(format_: str, *names: str, id_: str = "pid", **members: Any) -> dict[str, Any]:
    """A query for claims of a PID, each under its name in ``ASKED``."""
    claims = [{"id": name, "path": list(ASKED[format_][name])} for name in names]
    return {"id": id_, "format": format_, "meta": _META[format_], "claims": claims, **members}


def asking(*names: str, **members: Any) -> Query:
    """For these claims of one PID."""
    return lambda format_: {"credentials": [credential(format_, *names, **members)]}


def _optionally(format_: str) -> dict[str, Any]:
    return {
        "credentials": [credential(format_, "name"), credential(format_, "portrait", id_="more")],
        "credential_sets": [{"options": [["pid"]]}, {"options": [["more"]], "required": False}],
    }


def _alternatively(format_: str) -> dict[str, Any]:
    return {
        "credentials": [credential(format_, "name"), credential(format_, "portrait", id_="more")],
        "credential_sets": [{"options": [["pid"], ["more"]]}],
    }


def _changed(**changes: Any) -> Change:
    return lambda certificate, _: replace(certificate, **changes)


def _expired(certificate: RegistrationCertificate, now: int) -> RegistrationCertificate:
    return replace(certificate, issued_at=now - 9 * DAY, expires=now - 60)


def _through(*, somebody: str | None = None, service: str | None = None) -> Change:
    """Another party's, which has the one who asks do so, or ``somebody`` else, or through another Service."""

    def change(certificate: RegistrationCertificate, _: int) -> RegistrationCertificate:
        asks = Intermediary(identifier=somebody or certificate.identifier, service=service or certificate.service)
        return replace(certificate, identifier="GOVUT-0005", name="Tax office", service="tax", intermediary=asks)

    return change


ROWS: Final[Mapping[str, Row]] = {
    "what is registered": Row(query=asking("name"), check=None),
    "superset": Row(query=asking("name", "portrait"), check=Check.OVER_ASKING, beyond=("portrait",)),
    "nested path": Row(query=asking("nested"), check=Check.OVER_ASKING, beyond=("nested",)),
    "claim_sets trick": Row(
        query=asking("name", "portrait", claim_sets=[["name"], ["portrait"]]),
        check=Check.OVER_ASKING,
        beyond=("portrait",),
    ),
    "credential_sets trick, optional": Row(query=_optionally, check=Check.OVER_ASKING, beyond=("portrait",)),
    "credential_sets trick, alternative": Row(query=_alternatively, check=Check.OVER_ASKING, beyond=("portrait",)),
    "wrong service": Row(query=asking("name"), check=Check.REGISTRATION_SERVICE, change=_changed(service="another")),
    "wrong intended use": Row(
        query=asking("name"),
        check=Check.OVER_ASKING,
        change=_changed(intended_use="another", credentials=OTHER_USE),
        beyond=("name",),
    ),
    "expired": Row(query=asking("name"), check=Check.REGISTRATION_VALIDITY, change=_expired),
    "revoked": Row(query=asking("name"), check=Check.REGISTRATION_STATUS, revoked=True),
    "foreign": Row(query=asking("name"), check=Check.REGISTRATION_PARTY, change=_changed(identifier="GOVUT-0666")),
    "missing certificate": Row(query=asking("name"), check=Check.REGISTRATION_CERTIFICATE, sent=False),
    "through its intermediary": Row(query=asking("name"), check=None, change=_through()),
    "superset through its intermediary": Row(
        query=asking("name", "portrait"), check=Check.OVER_ASKING, change=_through(), beyond=("portrait",)
    ),
    "through somebody else's intermediary": Row(
        query=asking("name"), check=Check.REGISTRATION_PARTY, change=_through(somebody="GOVUT-0666")
    ),
    "through another Service of its intermediary": Row(
        query=asking("name"), check=Check.REGISTRATION_SERVICE, change=_through(service="another")
    ),
}
"""By name. A null has a test of its own: it stands in paths of SD-JWT VC alone."""


def beyond(row: Row, format_: str) -> list[ClaimPath]:
    """The paths that are listed."""
    return [ASKED[format_][name] for name in row.beyond]
