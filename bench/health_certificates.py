"""Health certificates: decode and verify beside one bare verification and npm @pathcheck/dcc-sdk, and many at once.

Prints a JSON line a name: {"name", "ratio_to_bare", "overhead_us", "ratio_to_peer", "per_second"}. The whole call is
timed, from the text of the code to the verified certificate, schema included; signers are trusted and warm, and no
picture is read. Then {"name": "hcert batch", ...} for codes through the command line: how many a second with one worker
and with two, and the most memory that one worker has taken for a tenth of them and for all.

    python bench/health_certificates.py [CODES]
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

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
TURNS: Final = 200
PEER: Final = Path(__file__).parent / "peers" / "node" / "hcert.mjs"
PSS: Final = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
PAYLOAD: Final[dict[str, Any]] = {
    "ver": "1.3.0",
    "nam": {"fn": "Voorbeeld Canary", "gn": "Erika Maria", "fnt": "VOORBEELD<CANARY", "gnt": "ERIKA<MARIA"},
    "dob": "1986-03-14",
    "v": [
        {
            "tg": "840539006",
            "vp": "1119349007",
            "mp": "EU/1/20/1528",
            "ma": "ORG-100030215",
            "dn": 2,
            "sd": 2,
            "dt": "2026-03-01",
            "co": "UT",
            "is": "Ministry of Health of Utopia",
            "ci": "URN:UVCI:01:UT:187/37512422923#C",
        }
    ],
}


class Authority:
    """A signer of one algorithm, and what its bare verification is."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
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

    def code(self, **entry: Any) -> bytes:
        """The text of a certificate, whose entry is changed like that."""
        payload = PAYLOAD | {"v": [PAYLOAD["v"][0] | entry]}
        protected = encode_cbor({1: int(self.algorithm), 4: self.signer.kid})
        claims = encode_cbor({1: "UT", 4: NOW + YEAR, 6: NOW - YEAR, -260: {1: payload}})
        signature = self.sign(to_be_signed(protected, claims))
        return build_code(encode_cbor(Tag(18, [protected, {}, claims, signature]))).encode()

    def sign(self, message: bytes) -> bytes:
        """Sign as COSE does."""
        if self.algorithm is Algorithm.PS256:
            return bytes(self.key.sign(message, PSS, SHA256()))
        return PrivateKey(self.key).sign(message)

    def bare(self) -> Callable[[], object]:
        """One verification, the key loaded, the signature as the library wants it."""
        message, public, scheme = os.urandom(400), self.key.public_key(), ec.ECDSA(SHA256())
        if self.algorithm is Algorithm.PS256:
            padded = self.key.sign(message, PSS, SHA256())
            return lambda: public.verify(padded, message, PSS, SHA256())
        signature = self.key.sign(message, scheme)
        return lambda: public.verify(signature, message, scheme)

    def verify(self, code: bytes) -> VerifiedHealthCertificate:
        """What is timed."""
        return verify_health_certificate(parse_health_certificate(code), signers=self.signers, now=NOW)


ALGORITHMS: Final = {f"hcert {algorithm.name.lower()} verify": algorithm for algorithm in Algorithm}


def measure(
    authority: Authority, code: bytes, peer: Callable[[], float] | None, rounds: int = ROUNDS
) -> dict[str, Any]:
    """Time the call, its bare verification and the peer turn by turn; the first two by this process's own time."""
    bare = authority.bare()
    rows = []
    for _ in range(rounds):
        own, passed = _each(lambda: authority.verify(code))
        least, _ = _each(bare)
        rows.append((own, least, passed / peer() if peer else None))
    return {
        "ratio_to_bare": round(median(own / least for own, least, _ in rows), 3),
        "overhead_us": round(median(own - least for own, least, _ in rows) * 1e6, 1),
        "ratio_to_peer": round(median(ratio for _, _, ratio in rows if ratio is not None), 3) if peer else None,
        "per_second": round(1 / median(own for own, _, _ in rows)),
    }


def _each(subject: Callable[[], object]) -> tuple[float, float]:
    """A call's processor time, and the time that passed."""
    begun, used = perf_counter(), process_time()
    for _ in range(TURNS):
        subject()
    return (process_time() - used) / TURNS, (perf_counter() - begun) / TURNS


def assert_spoiled_is_refused(authority: Authority) -> None:
    """The call that is timed refuses another signature."""
    other = Authority(authority.algorithm)
    other.signer = authority.signer
    try:
        authority.verify(other.code())
    except ZegelError:
        return
    raise SystemExit("a spoiled certificate was accepted")


def measure_batch(count: int, folder: Path) -> dict[str, Any]:
    """Put codes through the command line; each line names a time, and no two lines in a thousand are the same."""
    authority = Authority(Algorithm.ES256)
    trust = folder / "trust.pem"
    trust.write_bytes(authority.pem)
    codes = [authority.code(ci=f"URN:UVCI:01:UT:{number}#A").decode() for number in range(min(1_000, count))]
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
    authorities = {name: Authority(algorithm) for name, algorithm in ALGORITHMS.items()}
    codes = {name: authority.code() for name, authority in authorities.items()}
    with tempfile.TemporaryDirectory() as folder:
        fixture = Path(folder, "codes.json")
        fixture.write_text(
            json.dumps(
                {name: {"code": codes[name].decode(), "pem": each.pem.decode()} for name, each in authorities.items()}
            )
        )
        with Timed(NODE, PEER, fixture) as peer:
            for name, authority in authorities.items():
                assert_spoiled_is_refused(authority)
                turns = peer.turns(name)
                measured = measure(authority, codes[name], _peer(peer, name, turns))
                print(json.dumps({"name": name, **measured}), flush=True)
        print(json.dumps(measure_batch(count, Path(folder))), flush=True)


def _peer(process: Timed, name: str, turns: int) -> Callable[[], float]:
    return lambda: process.taken(name, turns)["seconds"] / turns


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CODES)
