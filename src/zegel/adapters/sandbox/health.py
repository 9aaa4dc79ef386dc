"""The health authority of Utopia: its key, the certificate by which it is trusted, its rules, and fresh certificates.

health/trust/     the authority's certificate, and those of Belgium's and Hungary's test signers
health/rules/     the rules of whoever lets people in
health/codes/     for each of the demo people a QR code, as text and as a picture; and pictures of a Belgian and a
                  Hungarian test person's, which have expired
keys/health.*     the authority's key and certificate, for `zegel hcert issue`
"""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from unicodedata import category, normalize

from cryptography.x509 import ExtendedKeyUsage, ObjectIdentifier

from zegel.adapters.code_pictures import draw_code
from zegel.adapters.files import create_owner_only, make_owner_only_folder
from zegel.adapters.register import demo_people
from zegel.adapters.sandbox.authorities import CONTACT, COUNTRY, SIGNER_DAYS, write_identity
from zegel.formats.hcert.issue import HealthAuthority
from zegel.formats.hcert.keys import HEALTH_USAGES, parse_signer
from zegel.primitives.json import encode_json
from zegel.primitives.keys import PublicKey, random_private_key
from zegel.primitives.x509 import DAY, Certificate
from zegel.trust.anchors import Purpose
from zegel.trust.authority import SubjectName, create_authority, draft_certificate

FOLDER: Final = "health"
TRUST: Final = f"{FOLDER}/trust"
RULES: Final = f"{FOLDER}/rules"
CODES: Final = f"{FOLDER}/codes"
RULE_SET: Final = "UT/2026-11"
EXPIRED: Final = ("belgium", "hungary")
"""Of whose test persons there is a certificate, which nothing makes valid again."""
_KEY: Final = "health"
_SINCE_DOSE: Final = 30  # days
_VALID: Final = 180  # days
_ANY_RULE: Final[dict[str, Any]] = {
    "Type": "Acceptance",
    "Country": COUNTRY,
    "Version": "1.0.0",
    "SchemaVersion": "1.0.0",
    "Engine": "CERTLOGIC",
    "EngineVersion": "1.0.0",
    "ValidFrom": "2021-01-01T00:00:00Z",
    "ValidTo": "2099-01-01T00:00:00Z",
}
# Rules of vaccinations say nothing of tests and recoveries, which would so be let in.
_VACCINATED: Final[dict[str, Any]] = {
    **_ANY_RULE,
    "Identifier": "GR-UT-0001",
    "CertificateType": "General",
    "Description": [
        {"lang": "en", "desc": "A certificate of vaccination is needed."},
        {"lang": "nl", "desc": "Er is een vaccinatiecertificaat nodig."},
        {"lang": "fr", "desc": "Un certificat de vaccination est nécessaire."},
        {"lang": "de", "desc": "Ein Impfzertifikat ist nötig."},
        {"lang": "hu", "desc": "Oltási igazolvány szükséges."},
    ],
    "AffectedFields": ["v.0"],
    "Logic": {"if": [{"var": "payload.v.0"}, True, False]},
}
_LATELY: Final[dict[str, Any]] = {
    **_ANY_RULE,
    "Identifier": "VR-UT-0001",
    "CertificateType": "Vaccination",
    "Description": [
        {"lang": "en", "desc": "All doses were given, the last at most 270 days ago."},
        {"lang": "nl", "desc": "Alle doses zijn gegeven, de laatste hoogstens 270 dagen geleden."},
        {"lang": "fr", "desc": "Toutes les doses ont été données, la dernière il y a 270 jours au plus."},
        {"lang": "de", "desc": "Alle Dosen wurden gegeben, die letzte vor höchstens 270 Tagen."},
        {"lang": "hu", "desc": "Minden adagot beadtak, az utolsót legfeljebb 270 napja."},
    ],
    "AffectedFields": ["v.0.dn", "v.0.sd", "v.0.dt"],
    "Logic": {
        "and": [
            {">=": [{"var": "payload.v.0.dn"}, {"var": "payload.v.0.sd"}]},
            {
                "not-after": [
                    {"plusTime": [{"var": "external.validationClock"}, 0, "day"]},
                    {"plusTime": [{"var": "payload.v.0.dt"}, 270, "day"]},
                ]
            },
        ]
    },
}


def create_health(folder: Path, *, now: int, random: Callable[[int], bytes]) -> None:
    """Make the authority, its rules, and a certificate for each of the demo people; copy those of the test persons."""
    for made in (FOLDER, TRUST, RULES, CODES):
        make_owner_only_folder(folder / made)
    key = random_private_key(random)
    certificate = _signer(key.public_key, now=now - DAY, random=random)
    write_identity(folder / "keys" / _KEY, key, certificate)
    create_owner_only(folder / TRUST / "utopia.pem", certificate.pem.encode())
    for rule in (_VACCINATED, _LATELY):
        create_owner_only(folder / RULES / f"{rule['Identifier']}.json", encode_json(rule))
    authority = HealthAuthority(signer=key, document_signer=parse_signer(certificate.der), country=COUNTRY)
    for person in demo_people():
        payload = _payload(person.id, person.claims.get("", {}), now)
        code = authority.issue(payload, issued_at=now - DAY, expires=now + _VALID * DAY)
        create_owner_only(folder / CODES / f"{person.id}.txt", code.encode() + b"\n")
        create_owner_only(folder / CODES / f"{person.id}.png", draw_code(code, "png"))
    there = files("zegel").joinpath("adapters", "demo_health")
    for country in EXPIRED:
        create_owner_only(folder / CODES / f"{country}.png", there.joinpath(f"{country}.png").read_bytes())
        create_owner_only(folder / TRUST / f"{country}-test.der", there.joinpath(f"{country}.der").read_bytes())


def _signer(key: PublicKey, *, now: int, random: Callable[[int], bytes]) -> Certificate:
    """A document signer as a national authority certifies it, whose own key is used here, once, and kept nowhere."""
    office, national = (
        SubjectName(country=COUNTRY, organization="Utopia health office", common_name=name)
        for name in ("Health certificates", "Health certificate authority")
    )
    root = create_authority(national, key=random_private_key(random), now=now, random=random, contact=CONTACT)
    # of a purpose whose profile has no usages, so that those of health stand there instead
    draft = draft_certificate(root, office, key=key, purpose=Purpose.LIST, now=now, days=SIGNER_DAYS, random=random)
    usages = ExtendedKeyUsage([ObjectIdentifier(each) for each in HEALTH_USAGES])
    return draft.sign({ExtendedKeyUsage.oid.dotted_string: usages.public_bytes()})


def _latin(name: str) -> str:
    """As a machine readable zone writes the names of the demo people, whose letters have no more than accents."""
    plain = "".join(letter for letter in normalize("NFD", name.upper()) if category(letter) != "Mn")
    return plain.replace(" ", "<").replace("-", "<")


def _payload(person: str, record: Any, now: int) -> dict[str, Any]:
    """A vaccination of a month ago."""
    family, given = str(record["family_name"]), str(record["given_name"])
    given_on = datetime.fromtimestamp(now - _SINCE_DOSE * DAY, UTC).date()
    return {
        "ver": "1.3.0",
        "nam": {"fn": family, "fnt": _latin(family), "gn": given, "gnt": _latin(given)},
        "dob": str(record["birth_date"]),
        "v": [
            {
                "tg": "840539006",
                "vp": "1119349007",
                "mp": "EU/1/20/1528",
                "ma": "ORG-100030215",
                "dn": 2,
                "sd": 2,
                "dt": given_on.isoformat(),
                "co": COUNTRY,
                "is": "Utopia health office",
                "ci": f"URN:UVCI:01:UT:{person.upper()}",
            }
        ],
    }
