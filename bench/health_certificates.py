"""Health certificates: decode and verify beside one bare verification and npm @pathcheck/dcc-sdk, and many at once.

Prints a JSON line a name: {"name", "ratio_to_bare", "overhead_us", "ratio_to_peer", "per_second"}. The whole call is
timed, from the text of the code to the verified certificate, schema included, and no picture is read. Each certificate
is met once, of a person of its own and with days and times of its own: nothing is warm but its signer and the protected
header that names it, which it has in common with all of that signer's. Then {"name": "hcert batch", ...} for codes
through the command line: how many a second with one worker and with two, and the most memory that one worker has taken
for a tenth of them and for all.

    python bench/health_certificates.py [CODES]
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from timed import NODE, Timed
from zegel.errors import ZegelError
from zegel.formats.hcert.certificate import (
    VerifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.code import build_code, to_be_signed
from zegel.formats.hcert.keys import Algorithm, DocumentSigners, parse_signer
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.keys import PrivateKey

NOW: Final = 1_790_000_000
YEAR: Final = 365 * 86_400
CODES: Final = 100_000
ROUNDS: Final = 25
TURN: Final = 200  # certificates
FIRST_DAY: Final = date(1940, 1, 1)  # on which one of them was born
LAST_DAY: Final = date(2026, 3, 1)  # on which one of them was vaccinated
LETTERS: Final = 6
PEER: Final = Path(__file__).parent / "peers" / "node" / "hcert.mjs"
PSS: Final = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
Line: TypeAlias = dict[str, Any]


def payload(number: int) -> dict[str, Any]:
    """What the certificate of a person says; no two have a family name, a day or an identifier in common."""
    name = "".join(chr(ord("A") + number // 26**place % 26) for place in range(LETTERS))
    return {
        "ver": "1.3.0",
        "nam": {
            "fn": f"Voorbeeld {name.title()}",
            "gn": "Erika Maria",
            "fnt": f"VOORBEELD<{name}",
            "gnt": "ERIKA<MARIA",
        },
        "dob": str(FIRST_DAY + timedelta(days=number)),
        "v": [
            {
                "tg": "840539006",
                "vp": "1119349007",
                "mp": "EU/1/20/1528",
                "ma": "ORG-100030215",
                "dn": 2,
                "sd": 2,
                "dt": str(LAST_DAY - timedelta(days=number)),
                "co": "UT",
                "is": "Ministry of Health of Utopia",
                "ci": f"URN:UVCI:01:UT:187/{37_512_422_923 + number}#C",
            }
        ],
    }


class Authority:
    """A signer of one algorithm, and what its bare verification is."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self.name = f"hcert {algorithm.name.lower()} verify"
        elliptic = algorithm is Algorithm.ES256
        self.key: Any = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65_537, 2_048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
        builder = builder.public_key(self.key.public_key())
        builder = builder.not_valid_before(datetime.fromtimestamp(NOW - YEAR, UTC))
        certificate = builder.not_valid_after(datetime.fromtimestamp(NOW + YEAR, UTC)).sign(self.key, SHA256())
        self.pem = certificate.public_bytes(Encoding.PEM)
        self.signer = parse_signer(certificate.public_bytes(Encoding.DER))
        self.signers = DocumentSigners([self.signer])

    def code(self, number: int) -> bytes:
        """The text of a person's certificate."""
        protected = encode_cbor({1: int(self.algorithm), 4: self.signer.kid})
        claims = encode_cbor({1: "UT", 4: NOW + YEAR - number, 6: NOW - YEAR + number, -260: {1: payload(number)}})
        signature = self.sign(to_be_signed(protected, claims))
        return build_code(encode_cbor(Tag(18, [protected, {}, claims, signature]))).encode()

    def codes(self, count: int) -> list[bytes]:
        """The texts of as many certificates."""
        return [self.code(number) for number in range(count)]

    def sign(self, message: bytes) -> bytes:
        """Sign as COSE does."""
        if self.algorithm is Algorithm.PS256:
            return bytes(self.key.sign(message, PSS, SHA256()))
        return PrivateKey(self.key).sign(message)

    def bare(self) -> Callable[[object], object]:
        """One verification, the key loaded, the signature as the library wants it, whatever else is at hand."""
        message, public, scheme = os.urandom(400), self.key.public_key(), ec.ECDSA(SHA256())
        if self.algorithm is Algorithm.PS256:
            padded = self.key.sign(message, PSS, SHA256())
            return lambda _: public.verify(padded, message, PSS, SHA256())
        signature = self.key.sign(message, scheme)
        return lambda _: public.verify(signature, message, scheme)

    def verify(self, code: bytes) -> VerifiedHealthCertificate:
        """What is timed."""
        return verify_health_certificate(parse_health_certificate(code), signers=self.signers, now=NOW)


def measure(codes: Mapping[Authority, Sequence[bytes]], peers: Mapping[Authority, Callable[[], float]]) -> list[Line]:
    """Time each authority's call, its bare verification and its peer, if there is one, turn by turn.

    The first two by this process's own time. All take their turns in one round, so that the overheads of two algorithms
    are of the same moments.
    """
    rows: dict[Authority, list[tuple[float, float, float | None]]] = {authority: [] for authority in codes}
    bare = {authority: authority.bare() for authority in codes}
    for begin in range(0, min(map(len, codes.values())), TURN):
        for authority, texts in codes.items():
            turn = texts[begin : begin + TURN]
            own, passed = _each(authority.verify, turn)
            least, _ = _each(bare[authority], turn)
            rows[authority].append((own, least, passed / peers[authority]() if authority in peers else None))
    return [_line(authority.name, taken) for authority, taken in rows.items()]


def _line(name: str, rows: list[tuple[float, float, float | None]]) -> Line:
    to_peer = [ratio for _, _, ratio in rows if ratio is not None]
    return {
        "name": name,
        "ratio_to_bare": round(median(own / least for own, least, _ in rows), 3),
        "overhead_us": round(median(own - least for own, least, _ in rows) * 1e6, 1),
        "ratio_to_peer": round(median(to_peer), 3) if to_peer else None,
        "per_second": round(1 / median(own for own, _, _ in rows)),
    }


def _each(subject: Callable[[bytes], object], turn: Sequence[bytes]) -> tuple[float, float]:
    """A call's processor time, and the time that passed."""
    begun, used = perf_counter(), process_time()
    for code in turn:
        subject(code)
    return (process_time() - used) / len(turn), (perf_counter() - begun) / len(turn)


def assert_spoiled_is_refused(authority: Authority) -> None:
    """The call that is timed refuses another signature."""
    other = Authority(authority.algorithm)
    other.signer = authority.signer
    try:
        authority.verify(other.code(0))
    except ZegelError:
        return
    raise SystemExit("a spoiled certificate was accepted")


def measure_batch(count: int, folder: Path) -> Line:
    """Put codes through the command line; each line names a time, and no two lines in a thousand are the same."""
    authority = Authority(Algorithm.ES256)
    trust = folder / "trust.pem"
    trust.write_bytes(authority.pem)
    codes = [code.decode() for code in authority.codes(min(1_000, count))]
    small, large = folder / "small.jsonl", folder / "large.jsonl"
    for file, lines in ((small, max(1, count // 10)), (large, count)):
        with file.open("w") as opened:
            opened.writelines(_lines(codes, lines))
    few = _run(small, trust, 1)
    one, two = _run(large, trust, 1), _run(large, trust, 2)
    return {
        "name": "hcert batch",
        "codes": count,
        "per_second": {"1 worker": round(count / one["seconds"]), "2 workers": round(count / two["seconds"])},
        "ratio_of_two_workers": round(one["seconds"] / two["seconds"], 2),
        "peak_mb": {f"{count // 10} codes": few["peak_mb"], f"{count} codes": one["peak_mb"]},
        "cores": len(os.sched_getaffinity(0)),
    }


def _lines(codes: list[str], count: int) -> Iterator[str]:
    for number in range(count):
        yield json.dumps({"id": number, "code": codes[number % len(codes)], "at": "2026-09-21T14:13:20Z"}) + "\n"


def _run(file: Path, trust: Path, workers: int) -> dict[str, float]:
    """A process that runs the command, and says what it took; nothing is accepted that should not be."""
    script = (
        "import sys; from zegel.cli.main import main; code = main(sys.argv[1:]);"
        "status = open('/proc/self/status').read();"
        "print(int(status.partition('VmHWM:')[2].split()[0]) / 1024, file=sys.stderr); sys.exit(code)"
    )
    arguments = ["hcert", "verify", "--batch", str(file), "--json", "--trust", str(trust), "--workers", str(workers)]
    begun = perf_counter()
    with tempfile.TemporaryFile() as out:
        ran = subprocess.run([sys.executable, "-c", script, *arguments], stdout=out, stderr=subprocess.PIPE, check=True)
        seconds = perf_counter() - begun
        out.seek(0)
        if not all(b'"verdict":"accepted"' in line for line in out):
            raise SystemExit("a code of the benchmark was not accepted")
    return {"seconds": seconds, "peak_mb": round(float(ran.stderr), 1)}


def main(count: int = CODES) -> None:
    """Print what is measured."""
    codes = {authority: authority.codes(ROUNDS * TURN) for authority in map(Authority, Algorithm)}
    with tempfile.TemporaryDirectory() as folder:
        fixture = Path(folder, "codes.json")
        fixture.write_text(
            json.dumps(
                {
                    authority.name: {"codes": [code.decode() for code in texts], "pem": authority.pem.decode()}
                    for authority, texts in codes.items()
                }
            )
        )
        for authority in codes:
            assert_spoiled_is_refused(authority)
        with Timed(NODE, PEER, fixture) as peer:
            for line in measure(codes, {authority: _peer(peer, authority.name) for authority in codes}):
                print(json.dumps(line), flush=True)
        print(json.dumps(measure_batch(count, Path(folder))), flush=True)


def _peer(process: Timed, name: str) -> Callable[[], float]:
    turns = process.turns(name)
    return lambda: process.taken(name, turns)["seconds"] / turns


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CODES)
