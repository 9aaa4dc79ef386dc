"""What an authority tells of an access certificate: it says what the certificate says, or is no record."""

import pytest
from zegel_testing.access_requests import access_certificate, access_record
from zegel_testing.authorities import DAY, NOW

from zegel.errors import Malformed
from zegel.primitives.json import Json
from zegel.trust.register.access import AccessRecord, build_access_record, read_access_record

LIBRARY = "NTRUT-1234567"


def read(value: Json) -> AccessRecord:
    return read_access_record(value, party=LIBRARY, what="request", where="certificate")


def test_what_is_read_is_written_again() -> None:
    certificate = access_certificate()
    record = read(access_record(certificate))
    assert record.certificate.der == certificate.der
    assert (record.service, record.log) == ("lending", "https://log.utopia.example")
    assert build_access_record(record) == access_record(certificate)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "certificate.serviceIdentifier"),
        ("MIIB", "certificate"),
        (access_record(serviceIdentifier=5), "certificate.serviceIdentifier"),
        (access_record(serviceIdentifier="reading"), "certificate.certificate"),
        (access_record(certificate=None), "certificate.certificate"),
        (access_record(certificate="M"), "certificate.certificate"),
        (access_record(certificate="MIIB"), "certificate.certificate"),
        (access_record(expires=None), "certificate.expires"),
        (access_record(expires="x"), "certificate.expires"),
        (access_record(expires=float(NOW + 90 * DAY - 1)), "certificate.expires"),
        (access_record(expires=NOW + 90 * DAY), "certificate.expires"),
        (access_record(expires=1 << 64), "certificate.expires"),
        (access_record(log=5), "certificate.log"),
        (access_record(log="log.utopia.example"), "certificate.log"),
        (access_record(colour="red"), "certificate.colour"),
    ],
)
def test_what_is_no_record_is_malformed_at_its_place(value: Json, field: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read(value)
    assert refusal.value.field == field


def test_a_certificate_of_another_party_is_none_of_this_one() -> None:
    with pytest.raises(Malformed, match="of this party") as refusal:
        read_access_record(access_record(), party="NTRUT-7654321", what="request", where="certificate")
    assert refusal.value.field == "certificate.certificate"
