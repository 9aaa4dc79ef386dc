"""A certificate costs no more than it did, what is spoiled is refused, and many take the memory of a few."""

from pathlib import Path

import pytest

from health_certificates import TURN, Authority, assert_spoiled_is_refused, measure, measure_batch
from zegel.formats.hcert.keys import Algorithm

# Times a bare verification: above what docs/performance.md has, of busy machines too, and below what comes of a signer
# that is parsed for each certificate (6.6 and 13), or of Base45 that is read by the character (for the longer one).
TOO_SLOW = {Algorithm.ES256: 2.5, Algorithm.PS256: 4.0}
TRIES = 5


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_certificate_costs_few_bare_verifications_and_a_spoiled_one_is_refused(algorithm: Algorithm) -> None:
    authority = Authority(algorithm)
    assert_spoiled_is_refused(authority)
    codes = authority.codes(3 * TURN)
    assert len(set(codes)) == len(codes)
    tries = (measure({authority: codes}, {})[0]["ratio_to_bare"] for _ in range(TRIES))
    assert any(1 < ratio < TOO_SLOW[algorithm] for ratio in tries)


@pytest.mark.slow
def test_ten_times_as_many_codes_take_the_same_memory(tmp_path: Path) -> None:
    measured = measure_batch(3_000, tmp_path)
    few, many = measured["peak_mb"].values()
    assert many < few + 4
