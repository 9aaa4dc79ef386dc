"""What the benchmark of health certificates runs works in little, and refuses what is spoiled."""

from pathlib import Path

import pytest

from health_certificates import ALGORITHMS, Authority, assert_spoiled_is_refused, measure, measure_batch


@pytest.mark.slow
@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_algorithm_is_measured_and_a_spoiled_code_is_refused(name: str) -> None:
    authority = Authority(ALGORITHMS[name])
    assert_spoiled_is_refused(authority)
    measured = measure(authority, authority.code(), lambda: 1.0, rounds=1)
    assert measured["ratio_to_bare"] > 1
    assert measured["ratio_to_peer"] < 1


@pytest.mark.slow
def test_ten_times_as_many_codes_take_the_same_memory(tmp_path: Path) -> None:
    measured = measure_batch(3_000, tmp_path)
    few, many = measured["peak_mb"].values()
    assert many < few + 4
