"""The limits of health certificates, and of their rules, lists and revocation."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from zegel_testing.authorities import NOW
from zegel_testing.business_rules import RULE, book, certificate
from zegel_testing.health import Health, payload
from zegel_testing.health_lists import gateway_entry
from zegel_testing.revoked_health import batch, bloom_slice

from zegel.adapters.health_trust import load_revoked
from zegel.checks import Check
from zegel.cli.hcert import run
from zegel.cli.main import _parser
from zegel.errors import Malformed, Unavailable
from zegel.formats.hcert.ber_certificate import SignatureAlgorithm
from zegel.formats.hcert.certificate import parse_health_certificate
from zegel.formats.hcert.cms import _refuse_unless_signed, parse_cms
from zegel.formats.hcert.code import PREFIX, parse_code
from zegel.formats.hcert.gateway import check_vouched
from zegel.formats.hcert.keys import parse_signer
from zegel.formats.hcert.lists import parse_trust_list
from zegel.formats.hcert.revocation import HashType, parse_revocation_batch
from zegel.formats.hcert.rules.book import parse_rule_book
from zegel.formats.hcert.rules.check import check_rules
from zegel.formats.hcert.rules.dates import date_time
from zegel.formats.hcert.rules.expression import parse_expression
from zegel.formats.hcert.rules.rule import parse_rule
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.slices import parse_bloom_slice
from zegel.primitives.base45 import encode_base45, parse_base45
from zegel.services.health import HealthDesk
from zegel.services.health_issuing import payload_of
from zegel.services.health_lines import HealthLines
from zegel_limits.pair import Pair


def _read_whole(data: bytes) -> object:
    """What a book cannot read it passes over, and says so."""
    read = parse_rule_book([("a.json", data)])
    if read.unread:
        raise Malformed("rules", "", read.unread[0].why)
    return read


def _nested(depth: int) -> object:
    """A file so deep: an array, the rule, its logic, and negations of two levels each."""
    logic: Any = [True] if depth % 2 else True
    for _ in range((depth - 4) // 2):
        logic = {"!": [logic]}
    return _read_whole(json.dumps([RULE | {"Logic": {"!": [logic]}}]).encode())


def _crowd(count: int) -> object:
    rules = json.dumps([RULE]).encode()
    return parse_rule_book((f"{number}.json", rules) for number in range(count))


def _sized(size: int) -> object:
    rule = json.dumps(RULE)
    return _read_whole(rule.ljust(size).encode())


def _stepped(steps: int) -> object:
    """A rule that takes so many steps: the reduction, its operands, and what it looks through."""
    logic = {"===": [{"in": ["a", {"var": "payload.x"}]}, False]}
    shown = certificate(x=["b"] * (steps - 5))
    return check_rules(shown, book=book(RULE | {"Logic": logic}), to="XU", now=NOW)


def _dated(length: int) -> object:
    text = "2021-07-01T00:00:00.".ljust(length, "1")
    if date_time(text) is None:
        raise ValueError("expected at most 64 characters")
    return text


def _code(certificate: Any = None, **changes: Any) -> object:
    return parse_health_certificate(_AUTHORITY.code(certificate, **changes), Reading.STRICT)


def _inflated(size: int) -> object:
    return parse_code(PREFIX + encode_base45(zlib.compress(bytes(size))).encode())


def _answered(**members: Any) -> object:
    """A line, and what is said of it where it is malformed."""
    return _judged(json.dumps({"id": "1", "code": _AUTHORITY.code().decode(), **members}).encode())


def _numbered(digits: int) -> object:
    """A line whose number has so many of them; a longer one is in no answer."""
    judge = HealthLines(HealthDesk(_AUTHORITY.signers), now=NOW)
    said = json.loads(judge.judge(b'{"id":%s,"code":"HC1:"}' % (b"1" * digits)))
    if said["id"] is None:
        raise ValueError(said["detail"])
    return said


def _judged(line: bytes) -> object:
    judge = HealthLines(HealthDesk(_AUTHORITY.signers), now=NOW)
    said = json.loads(judge.judge(line))
    if said["verdict"] == "malformed":
        raise Malformed("answer", "", said["detail"])
    return said


def _revoked(size: int) -> object:
    with TemporaryDirectory() as folder:
        Path(folder, "slice").write_bytes(bytes(size))
        return load_revoked(Path(folder))


def _workers(count: int) -> object:
    arguments = ["hcert", "verify", "--batch", "/dev/null", "--workers", str(count)]
    return run(_parser(arguments).parse_args(arguments))


def _days(count: int) -> object:
    missing = ["--key", "missing", "--chain", "missing", "--country", "UT"]
    arguments = ["hcert", "issue", "missing", *missing, "--days", str(count)]
    return run(_parser(arguments).parse_args(arguments))


_AUTHORITY: Final = Health()


def _batch(**changes: Any) -> object:
    return parse_revocation_batch(json.dumps(json.loads(batch(HashType.UCI, b"a")) | changes).encode())


def _signers(count: int) -> object:
    return parse_trust_list(b"-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----" * count)


def _certificate(length: int) -> object:
    """One whose text is so long; what is no certificate is left out, and why is told."""
    (why,) = parse_trust_list(json.dumps([gateway_entry(rawData="A" * length)]).encode()).left_out
    if "characters" in why:
        raise ValueError(why)
    return why


def _signature(length: int) -> object:
    """An entry whose signature is so long, which is left out as well."""
    read = parse_trust_list(json.dumps([gateway_entry(signature="A" * length)]).encode())
    (why,) = check_vouched(read, anchors=[]).left_out
    if "characters" in why:
        raise ValueError(why)
    return why


class _Obliging:
    """An RSA key of so many bits that finds every signature good."""

    def __init__(self, bits: int) -> None:
        self.key_size = bits

    def verify(self, *_args: object) -> None:
        """See ``RSAPublicKey``."""


rsa.RSAPublicKey.register(_Obliging)


def _signed_by(bits: int) -> object:
    signer: Any = SimpleNamespace(key=_Obliging(bits))
    algorithm = SignatureAlgorithm(scheme="rsassa_pkcs1v15", digest_name="sha256", salt=0)
    return _refuse_unless_signed(signer, algorithm, b"", b"", otherwise="")


HEALTH: Final[Mapping[str, Pair]] = {
    "zegel.formats.hcert.cms._MIN_RSA": Pair(_signed_by, Check.HEALTH_VOUCHER, says="does not hold", least=True),
    "zegel.formats.hcert.cms._MAX_RSA": Pair(_signed_by, Check.HEALTH_VOUCHER, says="does not hold"),
    "zegel.adapters.health_trust.MAX_REVOKED_FILE": Pair(_revoked, Unavailable),
    "zegel.cli.hcert.MAX_WORKERS": Pair(_workers),
    "zegel.cli.hcert_issue.MAX_DAYS": Pair(_days, filler=True),
    "zegel.services.health_issuing.MAX_DIGITS": Pair(
        lambda n: payload_of({"dt": "2026-10-01", "dn": "1" * n}), says="a whole number"
    ),
    "zegel.services.health_lines.MAX_CERTIFICATES": Pair(lambda n: _answered(certificates=["AAAA"] * n)),
    "zegel.services.health_lines.MAX_ID_DIGITS": Pair(_numbered, ValueError, says="line: id: "),
    "zegel.services.health_lines.MAX_LINE": Pair(lambda n: _judged(b"{}".ljust(n)), filler=True),
    "zegel.primitives.base45.MAX_TEXT": Pair(lambda n: parse_base45(b"0" * n, what="test"), filler=True),
    "zegel.formats.hcert.envelope.MAX_ISSUER": Pair(lambda n: _code(claims={1: "U" * n}), says="characters"),
    "zegel.formats.hcert.code.MAX_CODE": Pair(lambda n: parse_code(PREFIX.ljust(n, b"0")), filler=True),
    "zegel.formats.hcert.code.MAX_SIGNED": Pair(_inflated),
    "zegel.formats.hcert.cms.MAX_CMS": Pair(lambda n: parse_cms(bytes(n)), filler=True),
    "zegel.formats.hcert.gateway.MAX_SIGNATURE_TEXT": Pair(_signature, ValueError),
    "zegel.formats.hcert.ber_certificate.MAX_CERTIFICATE": Pair(lambda n: parse_signer(bytes(n)), filler=True),
    "zegel.formats.hcert.schema.MAX_TEXT": Pair(lambda n: _code(payload(ci="x" * n))),
    "zegel.formats.hcert.lists.MAX_TRUST_LIST": Pair(lambda n: parse_trust_list(b"[" + b" " * (n - 1)), filler=True),
    "zegel.formats.hcert.lists.MAX_SIGNERS": Pair(_signers),
    # so many commas, and one value more
    "zegel.formats.hcert.lists.MAX_VALUES": Pair(
        lambda n: parse_trust_list(b'{"certificates":[],"a":[' + b"1," * (n - 1) + b"1]}")
    ),
    "zegel.formats.hcert.lists.MAX_CERTIFICATE_TEXT": Pair(_certificate, ValueError),
    "zegel.formats.hcert.revocation.MAX_BATCH": Pair(
        lambda n: parse_revocation_batch(batch(HashType.UCI, b"a").ljust(n))
    ),
    "zegel.formats.hcert.revocation.MAX_ENTRIES": Pair(
        lambda n: _batch(entries=[{"hash": "AAAAAAAAAAAAAAAAAAAAAA=="}] * n)
    ),
    "zegel.formats.hcert.slices.MAX_SLICE": Pair(
        lambda n: parse_bloom_slice(bloom_slice([], words=1)[:16] + ((n - 20) // 4).to_bytes(4) + bytes(n - 20))
    ),
    "zegel.formats.hcert.slices.MAX_FUNCTIONS": Pair(lambda n: parse_bloom_slice(bloom_slice([], functions=n))),
    "zegel.formats.hcert.rules.book.MAX_RULE_FILE": Pair(_sized),
    "zegel.formats.hcert.rules.book.MAX_RULE_DEPTH": Pair(_nested),
    "zegel.formats.hcert.rules.book.MAX_RULES": Pair(_crowd),
    "zegel.formats.hcert.rules.certlogic.MAX_STEPS": Pair(_stepped, Check.BUSINESS_RULE),
    "zegel.formats.hcert.rules.dates.MAX_DATE_TEXT": Pair(_dated, ValueError),
    "zegel.formats.hcert.rules.expression.MAX_INTEGER": Pair(lambda n: parse_expression(n), says="an integer"),
    "zegel.formats.hcert.rules.expression.MAX_PARTS": Pair(lambda n: parse_expression([0] * (n - 1))),
    "zegel.formats.hcert.rules.rule.MAX_DESCRIPTION": Pair(
        lambda n: parse_rule(RULE | {"Description": [{"lang": "en", "desc": "x" * n}]})
    ),
    "zegel.formats.hcert.rules.rule.MAX_DESCRIPTIONS": Pair(
        lambda n: parse_rule(RULE | {"Description": [{"lang": f"a{at}", "desc": "x"} for at in range(n)]})
    ),
    "zegel.formats.hcert.rules.rule.MAX_FIELDS": Pair(lambda n: parse_rule(RULE | {"AffectedFields": ["v"] * n})),
}
