"""A provider, a service, and what wallets present to them."""

from hashlib import sha256
from urllib.parse import parse_qsl, quote_plus, urlsplit

from zegel.formats.claims import Claims
from zegel.formats.credential import CurrentPresentation, Format, Issuer, Status, VerifiedCredential
from zegel.primitives.encoding import base64
from zegel.primitives.http import HttpRequest, HttpResponse, encode_form
from zegel.protocols.oauth.pkce import code_challenge
from zegel.protocols.oidc.attestations import Attestation, Kind
from zegel.protocols.oidc.authorization import check_authorization_request, check_return_address
from zegel.protocols.oidc.client import ClaimSource, Client, RegisteredClient, check_client
from zegel.protocols.oidc.provider import Provider
from zegel.protocols.oidc.sign_in import AuthorizationRequested, CodeIssued
from zegel.protocols.oidc.subject import StableFrom, SubjectSecret, SubjectSource, Transient
from zegel.protocols.oidc.token_request import TokenRequest, receive_token_request, secret_digest
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer
from zegel_testing.authorities import NOW, fixed_key, fixed_random

NAMESPACE = "eu.europa.ec.eudi.pid.1"
REDIRECT_URI = "https://tax.utopia.example/callback"
CLIENT_SECRET = "tax-secret-of-the-tests"
SECRET = SubjectSecret(key=sha256(b"the provider's").digest())
CLAIMS_UNTIL = NOW + 1_000  # further away than code and token together
STABLE = StableFrom(attestation="pid", claims=("personal_administrative_number",))

_BOTH = ("family_name", "given_name", "personal_administrative_number", "sex", "expiry_date")
PID = Attestation(
    id="pid",
    types={Format.SD_JWT_VC: "urn:eudi:pid:1", Format.MDOC: NAMESPACE},
    paths={
        Format.SD_JWT_VC: {
            **{claim: (claim,) for claim in _BOTH},
            "birth_date": ("birthdate",),
            "nationality": ("nationalities", None),
            "birth_place": ("place_of_birth",),
            "portrait": ("picture",),
            "resident_city": ("address", "locality"),
            "resident_country": ("address", "country"),
            "resident_house_number": ("address", "house_number"),
            "email_address": ("email",),
        },
        Format.MDOC: {
            **{claim: (NAMESPACE, claim) for claim in _BOTH},
            "birth_date": (NAMESPACE, "birth_date"),
            "nationality": (NAMESPACE, "nationality"),
            "portrait": (NAMESPACE, "portrait"),
            "resident_city": (NAMESPACE, "resident_city"),
            "resident_country": (NAMESPACE, "resident_country"),
            "email_address": (NAMESPACE, "email_address"),
            "age_over_18": (NAMESPACE, "age_over_18"),
        },
    },
    kinds={
        **dict.fromkeys((*_BOTH, "birth_date", "portrait", "email_address"), Kind.TEXT),
        **dict.fromkeys(("resident_city", "resident_country", "resident_house_number"), Kind.TEXT),
        "sex": Kind.NUMBER,
        "nationality": Kind.ARRAY,
        "age_over_18": Kind.BOOLEAN,
        "birth_place": Kind.OBJECT,
    },
    unique=frozenset({"personal_administrative_number"}),
)
DIPLOMA = Attestation(
    id="diploma",
    types={Format.SD_JWT_VC: "urn:utopia:diploma:1"},
    paths={Format.SD_JWT_VC: {"degree": ("degree",), "student_number": ("student", "number")}},
    kinds=dict.fromkeys(("degree", "student_number"), Kind.TEXT),
    unique=frozenset({"student_number"}),
)
ATTESTATIONS = {attestation.id: attestation for attestation in (PID, DIPLOMA)}

CLAIMS = {
    "family_name": ClaimSource(attestation="pid", claims=("family_name",)),
    "given_name": ClaimSource(attestation="pid", claims=("given_name",)),
    "birthdate": ClaimSource(attestation="pid", claims=("birth_date",)),
    "nationalities": ClaimSource(attestation="pid", claims=("nationality",)),
    "address.locality": ClaimSource(attestation="pid", claims=("resident_city",)),
    "address.country": ClaimSource(attestation="pid", claims=("resident_country",)),
    "email": ClaimSource(attestation="pid", claims=("email_address",)),
}
"""What Tax online's registration maps."""

ISSUER = Issuer(
    entity="Ministry of the Interior of Utopia",
    anchor="CN=Utopia PID authority,2.5.4.97=NTRUT-1,O=Ministry of the Interior,C=UT",
    subject="CN=Utopia PID signer 1,2.5.4.97=NTRUT-1,O=Ministry of the Interior,C=UT",
    key_ids=(b"signer", b"authority"),
)
ADA_SD_JWT = {
    "family_name": "Brückner",
    "given_name": "Ada",
    "birthdate": "1990-02-28",
    "nationalities": ["UT", "AT"],
    "address": {"locality": "Hythloday", "country": "UT"},
    "email": "ada@utopia.example",
    "personal_administrative_number": "UT-0042",
    "sex": 2,
}
ADA_MDOC = {
    NAMESPACE: {
        "family_name": "Brückner",
        "given_name": "Ada",
        "birth_date": "1990-02-28",
        "nationality": ["UT", "AT"],
        "resident_city": "Hythloday",
        "resident_country": "UT",
        "email_address": "ada@utopia.example",
        "personal_administrative_number": "UT-0042",
        "sex": 2,
        "portrait": b"\xff\xd8\xff",
    }
}


def a_client(**changes) -> Client:
    """Tax online as configured, with changes."""
    members = {
        "id": "tax-online",
        "name": "Tax online",
        "redirect_uris": (REDIRECT_URI,),
        "secret_hash": secret_digest(CLIENT_SECRET),
        "claims": CLAIMS,
        "subject": Transient(),
    }
    return Client(**(members | changes))


def registered(subject: SubjectSource | None = None, **changes) -> RegisteredClient:
    """Tax online, registered."""
    return check_client(a_client(**({"subject": subject or Transient()} | changes)), attestations=ATTESTATIONS)


def presentation(
    claims: Claims = ADA_SD_JWT,
    format_: Format = Format.SD_JWT_VC,
    *,
    type_: str | None = None,
    issuer: Issuer = ISSUER,
    copy: int = 0,
) -> CurrentPresentation:
    """What the verifier accepted; ``copy`` tells the credentials of a batch apart."""
    type_ = type_ or PID.types[format_]
    return CurrentPresentation(
        credential=VerifiedCredential(
            format=format_,
            type=type_,
            types=(type_,),
            issuer=issuer,
            claims=claims,
            status=None,
            valid_from=None,
            valid_until=None,
            holder_key=fixed_key(f"copy {copy}").public_key,
        ),
        status=Status.NO_STATUS,
    )


def answered(**presentations: CurrentPresentation) -> AcceptedAnswer:
    """An answer, by query id with underscores for hyphens."""
    return AcceptedAnswer(
        presentations={id_.replace("_", "-"): (entry,) for id_, entry in presentations.items()}, unbound={}
    )


def sd_jwt_answer(claims: Claims = ADA_SD_JWT, **changes) -> AcceptedAnswer:
    """An answer with the PID as SD-JWT VC."""
    return answered(pid_sd_jwt=presentation(claims, **changes))


def mdoc_answer(claims: Claims = ADA_MDOC, **changes) -> AcceptedAnswer:
    """An answer with the PID as mdoc."""
    return answered(pid_mdoc=presentation(claims, Format.MDOC, **changes))


PROVIDER = Provider(
    issuer="https://provider.utopia.example",
    signer=fixed_key("provider"),
    subject_secret=SECRET,
    acr={"pid": "http://eidas.europa.eu/LoA/high"},
)
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
REQUEST = {
    "response_type": "code",
    "client_id": "tax-online",
    "redirect_uri": REDIRECT_URI,
    "scope": "openid profile email address",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": code_challenge(VERIFIER),
    "code_challenge_method": "S256",
}
"""An authorization request as a stock library sends it."""


def changed(fields: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    """The fields with some changed, and those that become None left out."""
    return {name: value for name, value in (fields | changes).items() if value is not None}


def requested(*, client: RegisteredClient | None = None, **changes: str | None) -> AuthorizationRequested:
    """Tax online asked, with changes."""
    client = client or registered()
    parameters = changed(REQUEST, changes)
    address = check_return_address(parameters, clients={client.client.id: client}, issuer=PROVIDER.issuer)
    return check_authorization_request(parameters, return_address=address, client=client, provider=PROVIDER, now=NOW)


def sent_back(response: HttpResponse) -> dict[str, str]:
    """The parameters of a redirect."""
    assert response.status == 303
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def code_issued(
    *,
    client: RegisteredClient | None = None,
    answer=None,
    now: int = NOW,
    claims_until: int = CLAIMS_UNTIL,
    **changes: str | None,
) -> tuple[str, CodeIssued]:
    """The person presented: the code, and the state that is kept."""
    client = client or registered()
    issued, response = requested(client=client, **changes).accept(
        answer or sd_jwt_answer(),
        client=client,
        provider=PROVIDER,
        claims_until=claims_until,
        now=now,
        random=fixed_random(f"code {now}"),
    )
    return sent_back(response)["code"], issued


def token_form(code: str, /, **changes: str | None) -> dict[str, str]:
    """The fields of a token request, the secret beside."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    return changed(form, changes)


def post(form: dict[str, str], *, authorization: str | None = None, path: str = "/token") -> HttpRequest:
    """A form sent to the provider."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    if authorization is not None:
        headers += (("authorization", authorization),)
    return HttpRequest(method="POST", url=PROVIDER.issuer + path, headers=headers, body=encode_form(form))


def basic(client_id: str = "tax-online", secret: str = CLIENT_SECRET) -> str:
    """client_secret_basic."""
    return "Basic " + base64(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode())


def token_request(
    code: str, /, *, client: RegisteredClient | None = None, authorization: str | None = None, **changes: str | None
) -> TokenRequest:
    """A token request by Tax online, with changes."""
    client = client or registered()
    return receive_token_request(
        post(token_form(code, **changes), authorization=authorization or basic()),
        clients={client.client.id: client},
    )
