"""A provider, two services, and what wallets present to them."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from zegel.formats.claims import Claims
from zegel.formats.credential import CurrentPresentation, Format, Issuer, Status, VerifiedCredential
from zegel.protocols.oidc.client import Attestation, ClaimSource, Client, RegisteredClient, check_client
from zegel.protocols.oidc.subject import StableFrom, SubjectSecret, SubjectSource, Transient
from zegel_testing.authorities import fixed_key

NAMESPACE = "eu.europa.ec.eudi.pid.1"
REDIRECT_URI = "https://tax.utopia.example/callback"
CLIENT_SECRET = "tax-secret-of-the-tests"
SECRET = SubjectSecret(key=sha256(b"the provider's").digest())
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
    unique=frozenset({"personal_administrative_number"}),
)
DIPLOMA = Attestation(
    id="diploma",
    types={Format.SD_JWT_VC: "urn:utopia:diploma:1"},
    paths={Format.SD_JWT_VC: {"degree": ("degree",), "student_number": ("student", "number")}},
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


def secret_hash(secret: str) -> str:
    """As the configuration holds it."""
    return urlsafe_b64encode(sha256(secret.encode()).digest()).rstrip(b"=").decode()


def a_client(**changes) -> Client:
    """Tax online as configured, with changes."""
    members = {
        "id": "tax-online",
        "name": "Tax online",
        "redirect_uris": (REDIRECT_URI,),
        "secret_hash": secret_hash(CLIENT_SECRET),
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


def sd_jwt_answer(claims: Claims = ADA_SD_JWT, **changes) -> dict[str, CurrentPresentation]:
    """An answer with the PID as SD-JWT VC."""
    return {"pid-sd-jwt": presentation(claims, **changes)}


def mdoc_answer(claims: Claims = ADA_MDOC, **changes) -> dict[str, CurrentPresentation]:
    """An answer with the PID as mdoc."""
    return {"pid-mdoc": presentation(claims, Format.MDOC, **changes)}
