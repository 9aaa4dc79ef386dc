"""An OpenID Provider as a web service meets it: discovery and keys."""

from zegel.errors import Malformed, Rejected
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import JsonObject, parse_object
from zegel.primitives.keys import Algorithm, PublicKey, parse_jwk
from zegel.protocols.oauth.pkce import METHOD
from zegel.protocols.oidc.upstream import discovery_request, parse_provider_metadata, verify_provider_metadata
from zegel.services.doctor.answers import examine_content, examine_cors
from zegel.services.doctor.eyes import Eyes, examine_origin
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.topics import Topic

_SUBJECT = "sign-in provider"


async def examine_provider(findings: Findings, issuer: str, *, eyes: Eyes, absent: State) -> bool:
    """Examine the OpenID Provider of this issuer identifier; False, and said as ``absent``, where there is none."""
    request = discovery_request(issuer)
    response = await eyes.fetch(findings, _SUBJECT, request, absent=absent)
    if response is None:
        return False
    findings.note(Topic.REACHABLE, _SUBJECT, State.GOOD, request.url)
    await examine_origin(findings, issuer, response, eyes=eyes)
    examine_content(findings, _SUBJECT, response, expected=JSON)
    examine_cors(findings, _SUBJECT, response)
    try:
        unverified = parse_provider_metadata(response)
        provider = verify_provider_metadata(unverified, issuer=issuer)
    except (Malformed, Rejected) as error:
        findings.refused(Topic.IDENTITY if error.field == "issuer" else Topic.METADATA, _SUBJECT, error)
        return True
    findings.note(Topic.IDENTITY, _SUBJECT, State.GOOD, issuer)
    _examine_offer(findings, unverified.unverified_members)
    keys = await eyes.fetch(findings, "published keys", HttpRequest(method="GET", url=provider.jwks_uri))
    if keys is not None:
        read_keys(findings, keys)
    return True


def _examine_offer(findings: Findings, members: JsonObject) -> None:
    methods, algorithms = (
        members.get("code_challenge_methods_supported"),
        members.get("id_token_signing_alg_values_supported"),
    )
    lacking = []
    if type(methods) is not list or METHOD not in methods:
        lacking.append(f"PKCE {METHOD} (code_challenge_methods_supported)")
    if type(algorithms) is not list or not set(map(str, algorithms)).intersection(Algorithm):
        lacking.append("ID Tokens signed with ECDSA (id_token_signing_alg_values_supported)")
    findings.judge(
        Topic.METADATA,
        _SUBJECT,
        None if lacking else "code flow with PKCE, ID Tokens signed with ECDSA",
        f"it does not say that it has {', '.join(lacking)}",
        state=State.DOUBTFUL,
    )


def read_keys(findings: Findings, response: HttpResponse) -> dict[str | None, PublicKey]:
    """Examine a set of keys (RFC 7517); each by its name, and none where one of them is amiss."""
    subject, named_keys = "published keys", dict[str | None, PublicKey]()
    with findings.trying(Topic.KEYS, subject):
        keys = parse_object(response.body, what="key set").get("keys")
        if type(keys) is not list or not keys:
            raise Malformed("key set", "keys", "expected an array of keys")
        members = [key for key in keys if isinstance(key, dict)]
        if any("d" in key or "k" in key for key in members):
            findings.note(Topic.KEYS, subject, State.BROKEN, "a PRIVATE key is published; replace it at once")
            return named_keys
        read = [parse_jwk(key, what="key set", where=f"keys[{position}]") for position, key in enumerate(keys)]
        names = [key.get("kid") for key in members]
        named = all(type(name) is str and name for name in names) and len(set(map(str, names))) == len(names)
        findings.judge(
            Topic.KEYS,
            subject,
            f"{len(keys)}, each by its name" if named else None,
            "two keys have one name, or none",
            state=State.DOUBTFUL,
        )
        named_keys |= {name if type(name) is str else None: key for name, key in zip(names, read, strict=True)}
    return named_keys
