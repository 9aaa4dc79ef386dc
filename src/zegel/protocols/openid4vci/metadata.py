"""Credential issuer metadata as a wallet reads it, plain or signed (sections 12.2.2 to 12.2.4).

What is unknown here is left alone. A configuration that cannot be used is kept with the reason, so that an issuer with
one format more is no failure and a choice of that one is a clear one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format
from zegel.primitives.http import JSON, HttpRequest, HttpResponse, media_type, origin_of
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.jwe import ALGORITHM, Encryption
from zegel.primitives.jws import UnverifiedJws, parse_jws, verify_jws
from zegel.primitives.keys import Algorithm
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE, parse_numeric_date
from zegel.protocols.oauth.metadata import check_url, endpoint_of
from zegel.protocols.openid4vci.configuration import CredentialConfiguration, Display, KeyRequirements
from zegel.protocols.openid4vci.descriptions import read_claims, read_displays
from zegel.protocols.openid4vci.encryption import JWT, Recipient, parse_recipient
from zegel.protocols.openid4vci.issuer_info import IssuerStatement, MetadataSigner, parse_statements
from zegel.trust.access import party_identifier, party_name, party_service, verify_access_chain
from zegel.trust.anchors import TrustAnchors
from zegel.trust.disclosure_policy.parse import parse_disclosure_policy
from zegel.trust.disclosure_policy.values import DisclosurePolicy

WELL_KNOWN: Final = "/.well-known/openid-credential-issuer"
TYP: Final = "openidvci-issuer-metadata+jwt"
MAX_METADATA: Final = 262_144  # thirty types in two formats with claims in three languages are under 150 kB
MAX_CONFIGURATIONS: Final = 200  # a hundred types in two formats
MAX_BATCH: Final = 100  # as many keys as one key attestation may attest
POLICY_MEMBER: Final = "embedded_disclosure_policy"  # of credential_metadata, where TS 119 472-3 puts its own members
ALGORITHM_OF_KEYS: Final = Algorithm.ES256  # our wallet's keys are on P-256, and it signs with nothing else
_METHODS: Final = "cryptographic_binding_methods_supported"
_BINDING_METHODS: Final = frozenset({"jwk", "cose_key"})  # a key in a proof, and as each format has it; no DID
_WHAT: Final = "credential issuer metadata"
_TYPE_MEMBER: Final[Mapping[Format, str]] = {Format.SD_JWT_VC: "vct", Format.MDOC: "doctype"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedIssuerMetadata:
    """Metadata that parses; ``jws`` is None for the plain document."""

    unverified_members: JsonObject
    jws: UnverifiedJws | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerMetadata:
    """Metadata published under its own identifier, as far as a wallet uses it.

    ``signer`` is the name in the access certificate that signed it, None where TLS alone vouches; ``certified`` has
    the rest of it. ``recipient`` is the key for requests. ``unusable`` says why, by configuration id. ``by_ts3`` says
    that it goes by TS3 1.5: it prefers some status of wallets or of keys to be maintained for so long (section 2.4).
    """

    credential_issuer: str
    authorization_servers: tuple[str, ...]
    credential_endpoint: str
    nonce_endpoint: str | None
    deferred_endpoint: str | None
    notification_endpoint: str | None
    recipient: Recipient | None
    response_enc: Encryption | None
    batch_size: int
    display: tuple[Display, ...]
    configurations: Mapping[str, CredentialConfiguration]
    unusable: Mapping[str, str]
    signer: str | None
    certified: MetadataSigner | None = None
    statements: tuple[IssuerStatement, ...] = ()
    by_ts3: bool = False

    @property
    def servers(self) -> tuple[str, ...]:
        """The authorization servers; without any, the issuer is its own (section 12.2.4)."""
        return self.authorization_servers or (self.credential_issuer,)


def metadata_request(credential_issuer: str, *, signed: bool) -> HttpRequest:
    """Ask for the metadata; ``signed`` for the JWT (section 12.2.2)."""
    # as it stands: RFC 8414 section 3.1 takes the slash off the end of an authorization server's, and nothing does here
    url = origin_of(credential_issuer, what="identifier") + WELL_KNOWN + urlsplit(credential_issuer).path
    return HttpRequest(method="GET", url=url, headers=(("accept", JWT if signed else JSON),))


def parse_issuer_metadata(response: HttpResponse) -> UnverifiedIssuerMetadata:
    """Parse metadata of either media type; ``Malformed`` otherwise."""
    content_type = media_type(response.header("content-type"))
    if content_type == JSON:
        members = parse_object(response.body, what=_WHAT, max_bytes=MAX_METADATA)
        return UnverifiedIssuerMetadata(unverified_members=members, jws=None)
    if content_type == JWT:
        jws = parse_jws(response.body, what=_WHAT, max_bytes=MAX_METADATA)
        return UnverifiedIssuerMetadata(unverified_members=jws.unverified_claims, jws=jws)
    raise Malformed(_WHAT, "header.content-type", f"expected {JSON} or {JWT}")


def verify_issuer_metadata(
    metadata: UnverifiedIssuerMetadata,
    *,
    credential_issuer: str,
    anchors: TrustAnchors | None,
    timestamps_required: bool,
    now: int,
) -> IssuerMetadata:
    """Verify that the metadata is that of ``credential_issuer``.

    ``anchors`` demands signed metadata, by a certificate that leads to an anchor for access; None takes the word of
    TLS. ``Rejected`` with SERVER_METADATA, or the checks of ``verify_access_chain`` and of ``verify_jws``;
    ``Malformed`` members.
    """
    certified = None
    if anchors is not None:
        certified = _verify_signed(metadata, credential_issuer, anchors, timestamps_required, now)
    members = metadata.unverified_members
    if members.get("credential_issuer") != credential_issuer:  # section 12.2.4: no normalisation
        raise _rejected("expected the identifier that was asked for", "credential_issuer")
    credential_endpoint = endpoint_of(members, "credential_endpoint")
    if credential_endpoint is None:
        raise _rejected("expected a credential endpoint", "credential_endpoint")
    recipient = _recipient(members.get("credential_request_encryption"))
    configurations, unusable = _configurations(members.get("credential_configurations_supported"))
    return IssuerMetadata(
        credential_issuer=credential_issuer,
        authorization_servers=_servers(members.get("authorization_servers")),
        credential_endpoint=credential_endpoint,
        nonce_endpoint=endpoint_of(members, "nonce_endpoint"),
        deferred_endpoint=endpoint_of(members, "deferred_credential_endpoint"),
        notification_endpoint=endpoint_of(members, "notification_endpoint"),
        recipient=recipient,
        response_enc=_response_enc(members.get("credential_response_encryption"), recipient),
        batch_size=_batch_size(members.get("batch_credential_issuance")),
        display=read_displays(members.get("display")),
        configurations=configurations,
        unusable=unusable,
        signer=None if certified is None else certified.name,
        certified=certified,
        statements=parse_statements(members),
        by_ts3=_by_ts3(members, configurations),
    )


def _verify_signed(
    metadata: UnverifiedIssuerMetadata,
    credential_issuer: str,
    anchors: TrustAnchors,
    timestamps_required: bool,
    now: int,
) -> MetadataSigner:
    """Section 12.2.3, and HAIP 1.0 section 4.1 for the chain."""
    if metadata.jws is None:
        raise _rejected("expected signed metadata", "header.content-type")
    x5c = metadata.jws.unverified_header.x5c
    chain = verify_access_chain(x5c, anchors=anchors, timestamps_required=timestamps_required, now=now)
    claims = verify_jws(metadata.jws, key=chain.leaf.key, typ=TYP).claims
    if claims.get("sub") != credential_issuer:
        raise _rejected("expected the identifier that was asked for", "sub")
    issued_at = parse_numeric_date(claims.get("iat"), what=_WHAT, where="iat")
    expires = parse_numeric_date(claims.get("exp"), what=_WHAT, where="exp")
    if issued_at is None or issued_at > now + TOLERATED_EARLY:
        raise _rejected("expected a time of issue that has come", "iat")
    if expires is not None and expires + TOLERATED_LATE <= now:
        raise _rejected("the signed metadata has expired", "exp")
    leaf = chain.leaf  # ARF 3.0 ISSU_11: the subject of the access certificate
    return MetadataSigner(name=party_name(leaf), identifier=party_identifier(leaf), service=party_service(leaf))


def _servers(value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    if type(value) is not list or not value:
        raise _rejected("expected an array of identifiers", "authorization_servers")
    return tuple(check_url(each if type(each) is str else "", field="authorization_servers") for each in value)


def _recipient(value: Json) -> Recipient | None:
    """The first key that we can encrypt to; a set without any is as good as none, unless encryption is required."""
    where = "credential_request_encryption"
    if value is None:
        return None
    offered = _object(value, where)
    enc = _strongest(offered.get("enc_values_supported"))
    keys = _object(offered.get("jwks"), f"{where}.jwks").get("keys")
    if enc is not None:
        for jwk in keys if type(keys) is list else ():
            try:
                return parse_recipient(jwk, enc=enc, what=where)
            except Malformed:
                continue
    if offered.get("encryption_required") is True:
        raise _rejected(f"expected a key for {ALGORITHM} and one of {', '.join(Encryption)}", where)
    return None


def _response_enc(value: Json, recipient: Recipient | None) -> Encryption | None:
    """How answers are encrypted to us. We ask for that under a key of the issuer's alone (section 8.2)."""
    where = "credential_response_encryption"
    if value is None:
        return None
    offered = _object(value, where)
    algorithms = offered.get("alg_values_supported")
    enc = _strongest(offered.get("enc_values_supported"))
    required = offered.get("encryption_required") is True
    if type(algorithms) is list and ALGORITHM in algorithms and enc is not None:
        if required and recipient is None:
            detail = "expected a key in credential_request_encryption under which to ask for the encryption it requires"
            raise _rejected(detail, where)
        return enc
    if required:
        raise _rejected(f"expected {ALGORITHM} and one of {', '.join(Encryption)}", where)
    return None


def _strongest(values: Json) -> Encryption | None:
    offered = values if type(values) is list else []
    return next((enc for enc in Encryption if enc in offered), None)


def _batch_size(value: Json) -> int:
    if value is None:
        return 1
    size = _object(value, "batch_credential_issuance").get("batch_size")
    if type(size) is not int or size < 2:
        raise _rejected("expected two or more", "batch_credential_issuance.batch_size")
    return min(size, MAX_BATCH)


def _configurations(value: Json) -> tuple[dict[str, CredentialConfiguration], dict[str, str]]:
    offered = _object(value, "credential_configurations_supported")
    if not 0 < len(offered) <= MAX_CONFIGURATIONS:
        raise _rejected(f"expected one to {MAX_CONFIGURATIONS}", "credential_configurations_supported")
    usable: dict[str, CredentialConfiguration] = {}
    unusable: dict[str, str] = {}
    for id_, members in offered.items():
        try:
            usable[id_] = _configuration(id_, _object(members, id_))
        except (Malformed, Rejected) as error:
            unusable[id_] = f"{error.field}: {error.detail}"
    return usable, unusable


def _configuration(id_: str, members: JsonObject) -> CredentialConfiguration:
    format_ = members.get("format")
    if type(format_) is not str or format_ not in tuple(Format):
        raise _rejected(f"expected {' or '.join(Format)}", "format")
    known = Format(format_)
    type_, scope = members.get(_TYPE_MEMBER[known]), members.get("scope")
    if type(type_) is not str or not type_:
        raise _rejected("expected the type of the credential", _TYPE_MEMBER[known])
    if scope is not None and type(scope) is not str:
        raise _rejected("expected text", "scope")
    algorithms = members.get("credential_signing_alg_values_supported")
    shown = members.get("credential_metadata")
    details: JsonObject = shown if isinstance(shown, Mapping) else {}
    return CredentialConfiguration(
        id=id_,
        format=known,
        type=type_,
        scope=scope,
        signing_algorithms=tuple(
            each for each in (algorithms if type(algorithms) is list else ()) if isinstance(each, str | int)
        ),
        proofs=_proofs(members),
        display=read_displays(details.get("display")),
        claims=read_claims(details.get("claims"), known),
        policy=_policy(details),
    )


def _policy(details: JsonObject) -> DisclosurePolicy | None:
    """By value (EDP_09). One that cannot be read makes the configuration unusable: it might allow nobody."""
    if POLICY_MEMBER not in details:
        return None
    return parse_disclosure_policy(details[POLICY_MEMBER], where=POLICY_MEMBER)


def _proofs(members: JsonObject) -> dict[str, KeyRequirements | None]:
    """Of the proof types on offer, those that we make, with the algorithm that we have; for keys as we send them."""
    if "proof_types_supported" not in members and _METHODS not in members:
        return {}
    if _METHODS in members and not _BINDING_METHODS.intersection(_texts(members, _METHODS)):
        raise _rejected(f"expected {' or '.join(sorted(_BINDING_METHODS))}", _METHODS)
    offered = _object(members.get("proof_types_supported"), "proof_types_supported")
    usable = {
        name: _requirements(_object(offered[name], name))
        for name in ("jwt", "attestation")
        if name in offered and _signs(_object(offered[name], name).get("proof_signing_alg_values_supported"))
    }
    if not usable:
        raise _rejected(f"expected jwt or attestation with {ALGORITHM_OF_KEYS}", "proof_types_supported")
    return usable


def _signs(algorithms: Json) -> bool:
    return type(algorithms) is list and ALGORITHM_OF_KEYS in algorithms


def _requirements(members: JsonObject) -> KeyRequirements | None:
    value = members.get("key_attestations_required")
    if value is None:
        return None
    required = _object(value, "key_attestations_required")
    return KeyRequirements(
        key_storage=_texts(required, "key_storage"),
        user_authentication=_texts(required, "user_authentication"),
        status_period=_period(required, "preferred_key_storage_status_period"),
    )


def _by_ts3(members: JsonObject, configurations: Mapping[str, CredentialConfiguration]) -> bool:
    required = [each for configuration in configurations.values() for each in configuration.proofs.values()]
    periods = [each.status_period for each in required if each is not None]
    return any([_period(members, "preferred_client_status_period"), *periods])


def _period(members: JsonObject, name: str) -> int | None:
    """A preference of TS3 1.5 section 2.4, in seconds; what is none is no reason to receive nothing."""
    value = members.get(name)
    return value if type(value) is int and value > 0 else None


def _texts(members: JsonObject, name: str) -> tuple[str, ...]:
    value = members.get(name, [])
    if type(value) is not list or any(type(each) is not str for each in value):
        raise _rejected("expected an array of text", name)
    return tuple(map(str, value))


def _object(value: Json, where: str) -> JsonObject:
    if isinstance(value, Mapping):
        return value
    raise _rejected("expected an object", where)


def _rejected(detail: str, field: str) -> Rejected:
    return Rejected(Check.SERVER_METADATA, detail, field=field)
