"""A person of Utopia as a register holds her: by the rulebooks' data identifiers."""

from zegel.formats.claims import Claim

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(64))

ADA: dict[str, Claim] = {
    "family_name": "Beispiel",
    "given_name": "Ada Muster",
    "birth_date": "1990-02-28",
    "birth_place": {"country": "UT", "locality": "Amaurot"},
    "nationality": ["UT", "NL"],
    "portrait": JPEG,
    "resident_address": "Freedom Square 1, 1516 Amaurot",
    "resident_country": "UT",
    "resident_state": "North",
    "resident_city": "Amaurot",
    "resident_postal_code": "1516",
    "resident_street": "Freedom Square 1",
    "resident_house_number": "1",
    "personal_administrative_number": "UT-000-001",
    "family_name_birth": "Exempel",
    "given_name_birth": "Ada",
    "sex": 2,
    "email_address": "ada@utopia.example",
    "mobile_phone_number": "+99915160001",
    "issuing_authority": "Utopian Identity Office",
    "issuing_country": "UT",
    "expiry_date": "2035-12-19",
    "document_number": "A01234567",
    "issuing_jurisdiction": "UT-N",
    "issuance_date": "2026-01-01",
    "trust_anchor": "https://utopia.example/anchors/pid",
    "attestation_legal_category": "PID",
}

LICENCE: dict[str, Claim] = {
    "family_name": "Beispiel",
    "given_name": "Ada Muster",
    "birth_date": "1990-02-28",
    "licence_issue_date": "2020-01-01",
    "licence_expiry_date": "2030-01-01",
    "issuing_country": "UT",
    "issuing_authority": "Utopian Road Office",
    "licence_number": "L-1",
    "portrait": JPEG,
    "driving_privileges": [
        {"vehicle_category_code": "B", "issue_date": "2010-01-01", "codes": [{"code": "01"}]},
        {"vehicle_category_code": "AM"},
    ],
    "un_distinguishing_sign": "UT",
    "portrait_capture_date": "2019-12-31T12:00:00Z",
    "height": 180,
    "age_over_18": True,
    "signature_usual_mark": b"ink",
}
