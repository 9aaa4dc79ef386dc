"""A credential configuration: one kind of credential in one format, as the issuer describes it (section 12.2.4).

The same value serves the issuer, who builds metadata from it, and the wallet, who reads it there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath
from zegel.trust.disclosure_policy.values import DisclosurePolicy

SIGNING_ALGORITHMS: Final[Mapping[Format, tuple[str | int, ...]]] = {
    Format.SD_JWT_VC: ("ES256",),
    Format.MDOC: (-7,),  # COSE's ES256 (appendix A.2.2)
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How something is shown in one language, a BCP 47 tag; colours are CSS's, ``logo`` a URL."""

    name: str
    locale: str | None = None
    description: str | None = None
    background_color: str | None = None
    text_color: str | None = None
    logo: str | None = None
    logo_text: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDescription:
    """A claim that the credential may hold, with its names by language (appendix B.2)."""

    path: ClaimPath
    mandatory: bool = False
    display: tuple[Display, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequirements:
    """What a key attestation must say, one value of each list that is not empty (appendix D.2).

    ``status_period`` is for how many seconds the status of the key storage is preferred to be maintained; None for an
    issuer that knows nothing of TS3 1.5 (section 2.4), and asks for no status.
    """

    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()
    status_period: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialConfiguration:
    """A kind of credential on offer. ``type`` is the vct or the doctype.

    ``proofs`` maps the proof types that are taken to what their key attestations must say, None where none is needed;
    it is empty for a credential that is bound to nobody. ``policy`` says who may be shown the credential; None:
    anybody.
    """

    id: str
    format: Format
    type: str
    scope: str | None
    signing_algorithms: tuple[str | int, ...]
    proofs: Mapping[str, KeyRequirements | None]
    display: tuple[Display, ...] = ()
    claims: tuple[ClaimDescription, ...] = ()
    policy: DisclosurePolicy | None = None
