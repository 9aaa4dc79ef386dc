"""What a registered party is entitled to be (ETSI TS 119 475 annex A): URIs, and the object identifiers of the same."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

_RADIX: Final = "https://uri.etsi.org/19475/Entitlement/"
_OID_RADIX: Final = "0.4.0.19475.1."


class Entitlement(StrEnum):
    """The entitlements of clause A.2, in the order of their object identifiers."""

    SERVICE_PROVIDER = _RADIX + "Service_Provider"
    QEAA_PROVIDER = _RADIX + "QEAA_Provider"
    NON_QUALIFIED_EAA_PROVIDER = _RADIX + "Non_Q_EAA_Provider"
    PUB_EAA_PROVIDER = _RADIX + "PUB_EAA_Provider"
    PID_PROVIDER = _RADIX + "PID_Provider"
    SEAL_CERTIFICATE_PROVIDER = _RADIX + "QCert_for_ESeal_Provider"
    SIGNATURE_CERTIFICATE_PROVIDER = _RADIX + "QCert_for_ESig_Provider"
    SEAL_DEVICE_PROVIDER = _RADIX + "rQSealCDs_Provider"
    SIGNATURE_DEVICE_PROVIDER = _RADIX + "rQSigCDs_Provider"
    SIGNATURE_CREATION_PROVIDER = _RADIX + "ESig_ESeal_Creation_Provider"


ATTESTATION_PROVIDERS: Final = frozenset(
    {Entitlement.QEAA_PROVIDER, Entitlement.NON_QUALIFIED_EAA_PROVIDER, Entitlement.PUB_EAA_PROVIDER}
)
_BY_OID: Final[Mapping[str, Entitlement]] = {
    f"{_OID_RADIX}{number}": entitlement for number, entitlement in enumerate(Entitlement, start=1)
}


def entitlement_uri(name: str) -> str:
    """The URI of an entitlement that either form names; what is unknown here entitles to nothing."""
    return str(_BY_OID.get(name, name))
