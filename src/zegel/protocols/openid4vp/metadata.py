"""What verifier and wallet tell each other they can do (OpenID4VP 1.0 sections 5.1, 8.3, 10, 11, B.2.2 and B.3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.jwe import ALGORITHM, Encryption
from zegel.primitives.keys import Algorithm, Curve, PublicKey, parse_jwk
from zegel.primitives.members import member, read_array, read_object, read_texts
from zegel.profiles import ClientIdPrefix, Profile

MAX_KEYS: Final = 16  # one is enough
MAX_KID: Final = 256  # characters; a thumbprint has 43
MAX_ALGORITHMS: Final = 32  # those that IANA has registered for signatures

_WHAT: Final = "client metadata"
_WHERE: Final = "client_metadata"

# ES256, ES384, ES512 and their fully specified twins (RFC 9053 section 2.1, RFC 9864 section 2.1). No value for a MAC:
# over OpenID4VP nothing says which reader key it would be made with.
_ALL: Final[Mapping[Format, tuple[Json, ...]]] = {
    Format.SD_JWT_VC: tuple(map(str, Algorithm)),
    Format.MDOC: (-7, -9, -35, -51, -36, -52),
}
_HOLDERS: Final[Mapping[Format, tuple[Json, ...]]] = {  # what the keys of our holders sign with
    Format.SD_JWT_VC: ("ES256",),
    Format.MDOC: (-7, -9),
}
_ISSUERS_PARAMETER: Final[Mapping[Format, str]] = {
    Format.SD_JWT_VC: "sd-jwt_alg_values",
    Format.MDOC: "issuerauth_alg_values",
}
_ISSUERS: Final[Mapping[Algorithm, frozenset[Json]]] = {
    Algorithm.ES256: frozenset({"ES256", -7, -9}),
    Algorithm.ES384: frozenset({"ES384", -35, -51}),
    Algorithm.ES512: frozenset({"ES512", -36, -52}),
}
_HOLDERS_PARAMETER: Final[Mapping[Format, str]] = {
    Format.SD_JWT_VC: "kb-jwt_alg_values",
    Format.MDOC: "deviceauth_alg_values",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseKey:
    """The verifier's key for one answer, and the content encryption to use with it."""

    key: PublicKey
    kid: str
    encryption: Encryption


def response_kid(key: PublicKey) -> str:
    """The ``kid`` of a verifier's key: its thumbprint, so that it needs no place of its own in the session."""
    return base64url(key.thumbprint())


def _vp_formats(holders: Mapping[Format, tuple[Json, ...]]) -> dict[str, Json]:
    """``vp_formats_supported``: any issuer's algorithm, and those of holders that are given."""
    return {
        str(format_): {
            _ISSUERS_PARAMETER[format_]: list(_ALL[format_]),
            _HOLDERS_PARAMETER[format_]: list(holders[format_]),
        }
        for format_ in Format
    }


def build_client_metadata(*, response_key: PublicKey | None) -> dict[str, Json]:
    """The verifier's metadata for one request; ``response_key`` is the fresh key of that request, if it has one."""
    metadata: dict[str, Json] = {"vp_formats_supported": _vp_formats(_ALL)}
    if response_key is not None:
        jwk = {**response_key.jwk(), "use": "enc", "alg": ALGORITHM, "kid": response_kid(response_key)}
        metadata["jwks"] = {"keys": [jwk]}
        # HAIP 1.0 section 5: both are listed
        values: list[Json] = [str(Encryption.A128GCM), str(Encryption.A256GCM)]
        metadata["encrypted_response_enc_values_supported"] = values
    return metadata


def build_wallet_metadata(profile: Profile) -> dict[str, Json]:
    """The wallet's metadata for a posted request for the request object (section 5.10): the same for every wallet."""
    prefixes = [str(prefix) for prefix in ClientIdPrefix if prefix in profile.client_id_prefixes]
    return {
        "vp_formats_supported": _vp_formats(_HOLDERS),
        "client_id_prefixes_supported": prefixes,
        "response_types_supported": ["vp_token"],
        "response_modes_supported": sorted(str(mode) for mode in profile.response_modes),
        "request_object_signing_alg_values_supported": [str(algorithm) for algorithm in Algorithm],
        "authorization_encryption_alg_values_supported": [ALGORITHM],
        "authorization_encryption_enc_values_supported": [str(encryption) for encryption in Encryption],
    }


def parse_response_key(metadata: JsonObject) -> ResponseKey | None:
    """Choose the key to encrypt to: the first that we can use, with the stronger content encryption of those allowed.

    None if there is none. ``Malformed`` if ``jwks`` is no key set; a key in it that we cannot use is passed over (RFC
    7517 section 5).
    """
    if "jwks" not in metadata:
        return None
    where = member(_WHERE, "jwks")
    jwks = read_object(metadata["jwks"], what=_WHAT, where=where)
    keys = read_array(jwks.get("keys"), what=_WHAT, where=member(where, "keys"), limit=MAX_KEYS)
    encryption = _content_encryption(metadata)
    if encryption is None:
        return None
    return next((key for key in (_usable_key(jwk, encryption) for jwk in keys) if key is not None), None)


def parse_vp_formats(metadata: JsonObject) -> frozenset[str]:
    """The formats of ours that the verifier takes, from a holder who signs as ours do; ``Malformed`` if none is named.

    Section 11.1: ``vp_formats_supported`` is required.
    """
    where = member(_WHERE, "vp_formats_supported")
    offered = read_object(metadata.get("vp_formats_supported"), what=_WHAT, where=where)
    return frozenset(str(format_) for format_ in Format if format_ in offered and _takes(offered, format_, where))


def read_issuer_algorithms(metadata: JsonObject) -> Mapping[str, frozenset[Algorithm]]:
    """What the verifier takes of issuers, by format (sections B.2.2 and B.3.4); a format that is missing: anything.

    For metadata that ``parse_vp_formats`` has read.
    """
    where = member(_WHERE, "vp_formats_supported")
    offered = read_object(metadata.get("vp_formats_supported"), what=_WHAT, where=where)
    found: dict[str, frozenset[Algorithm]] = {}
    for format_, name in _ISSUERS_PARAMETER.items():
        values = _algorithms(offered, format_, name, where) if format_ in offered else None
        if values is not None:
            taken = (algorithm for algorithm, names in _ISSUERS.items() if not names.isdisjoint(values))
            found[str(format_)] = frozenset(taken)
    return found


def _takes(offered: JsonObject, format_: Format, where: str) -> bool:
    values = _algorithms(offered, format_, _HOLDERS_PARAMETER[format_], where)
    return values is None or not values.isdisjoint(_HOLDERS[format_])


def _algorithms(offered: JsonObject, format_: Format, name: str, where: str) -> frozenset[str | int] | None:
    """The names and numbers that a parameter of a format lists; None where it is left out."""
    at = member(where, str(format_))
    parameters = read_object(offered[format_], what=_WHAT, where=at)
    if name not in parameters:
        return None
    values = read_array(parameters[name], what=_WHAT, where=member(at, name), limit=MAX_ALGORITHMS)
    return frozenset(value for value in values if type(value) is str or type(value) is int)


def _content_encryption(metadata: JsonObject) -> Encryption | None:
    name = "encrypted_response_enc_values_supported"
    if name not in metadata:
        return Encryption.A128GCM  # section 5.1: the default
    offered = read_texts(metadata[name], what=_WHAT, where=member(_WHERE, name), limit=MAX_ALGORITHMS)
    # HAIP 1.0 section 5: A256GCM where both are possible; it is the first of the enumeration
    return next((encryption for encryption in Encryption if encryption in offered), None)


def _usable_key(jwk: Json, encryption: Encryption) -> ResponseKey | None:
    # section 8.3: alg is present and names how to encrypt; section 5.1: each key has a kid
    if type(jwk) is not dict or jwk.get("alg") != ALGORITHM:
        return None
    kid = jwk.get("kid")
    if type(kid) is not str or not 0 < len(kid) <= MAX_KID:
        return None
    try:
        key = parse_jwk(jwk, what=_WHAT, where=_WHERE, use="enc")
    except Malformed:
        return None
    return ResponseKey(key=key, kid=kid, encryption=encryption) if key.curve is Curve.P256 else None
