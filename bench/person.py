"""The credential that is measured: a PID of 25 selectively disclosable claims, as mdoc one of 28 elements."""

VCT = "urn:eudi:pid:1"
DOCTYPE = NAMESPACE = "eu.europa.ec.eudi.pid.1"

ADDRESS = {
    "formatted": "Voorbeeldstraat 1, 1000 AA Voorbeeldstad, Utopia",
    "street_address": "Voorbeeldstraat",
    "house_number": "1",
    "postal_code": "1000 AA",
    "locality": "Voorbeeldstad",
    "region": "Utopia-Noord",
    "country": "UT",
}
FLAT = {
    "family_name": "Voorbeeld-van den Berg",
    "given_name": "Noor Isabel",
    "birthdate": "1984-02-29",
    "birth_family_name": "van den Berg",
    "birth_given_name": "Noor",
    "sex": 2,
    "email": "noor.voorbeeld@mail.example",
    "phone_number": "+999123456789",
    "personal_administrative_number": "UT-123456789-X",
    "document_number": "PID-000012345",
    "issuing_authority": "Ministry of the Interior of Utopia",
    "issuing_country": "UT",
    "issuing_jurisdiction": "UT-N",
    "date_of_expiry": "2031-11-01",
    "date_of_issuance": "2026-11-01",
    "nationalities": ["UT", "EX"],
    "place_of_birth": {"country": "UT", "region": "Utopia-Noord", "locality": "Voorbeeldstad"},
    "trust_anchor": "https://trust.utopia.example/pid",
}
CLAIMS = {**FLAT, "address": ADDRESS}
DISCLOSED = (("family_name",), ("given_name",), ("birthdate",), ("issuing_country",), ("address", "country"))

DATES = {"birth_date": "1984-02-29", "expiry_date": "2031-11-01", "issuance_date": "2026-11-01"}
ELEMENTS = {
    "family_name": FLAT["family_name"],
    "given_name": FLAT["given_name"],
    "place_of_birth": FLAT["place_of_birth"],
    "nationality": FLAT["nationalities"],
    "resident_address": ADDRESS["formatted"],
    "resident_country": ADDRESS["country"],
    "resident_state": ADDRESS["region"],
    "resident_city": ADDRESS["locality"],
    "resident_postal_code": ADDRESS["postal_code"],
    "resident_street": ADDRESS["street_address"],
    "resident_house_number": ADDRESS["house_number"],
    "personal_administrative_number": FLAT["personal_administrative_number"],
    "family_name_birth": FLAT["birth_family_name"],
    "given_name_birth": FLAT["birth_given_name"],
    "sex": FLAT["sex"],
    "email_address": FLAT["email"],
    "mobile_phone_number": FLAT["phone_number"],
    "issuing_authority": FLAT["issuing_authority"],
    "issuing_country": FLAT["issuing_country"],
    "document_number": FLAT["document_number"],
    "issuing_jurisdiction": FLAT["issuing_jurisdiction"],
    "trust_anchor": FLAT["trust_anchor"],
    "age_over_18": True,
    "age_in_years": 42,
    "age_birth_year": 1984,
}
DISCLOSED_ELEMENTS = ("family_name", "given_name", "birth_date", "issuing_country", "age_over_18")

assert len(FLAT) + len(ADDRESS) == 25
assert len(ELEMENTS) + len(DATES) == 28
