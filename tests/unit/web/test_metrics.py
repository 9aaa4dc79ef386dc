"""The text that Prometheus reads: its own parser reads it back."""

from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.web.metrics import BUCKETS, Durations, Family, Kind, Sample, counted, of_role, render, single
from zegel.web.traffic import Traffic


def read(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(text.decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_a_counter_is_read_back_by_its_label() -> None:
    (family,) = of_role("issuer", [counted("zegel_a_total", "What it is.", {"x": 1, "y": 2}, by="kind")])
    assert read(render([family])) == {
        ("zegel_a_total", (("kind", "x"), ("role", "issuer"))): 1,
        ("zegel_a_total", (("kind", "y"), ("role", "issuer"))): 2,
    }


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "a\\nb", 'x="1"} 7'])
def test_no_value_ends_its_label(text: str) -> None:
    family = Family(name="zegel_a", kind=Kind.GAUGE, meaning=text, samples=(Sample(labels={"x": text}, value=1.5),))
    assert read(render([family])) == {("zegel_a", (("x", text),)): 1.5}


def test_families_of_one_name_are_told_once() -> None:
    text = render(
        [*of_role("a", [single("x", Kind.GAUGE, "X.", 1)]), *of_role("b", [single("x", Kind.GAUGE, "X.", 2)])]
    )
    assert text == b'# HELP x X.\n# TYPE x gauge\nx{role="a"} 1\nx{role="b"} 2\n'


def test_what_has_no_value_yet_has_no_sample() -> None:
    assert render([single("x", Kind.GAUGE, "X.", None)]) == b"# HELP x X.\n# TYPE x gauge\n"


def test_a_duration_falls_into_each_bucket_from_its_own_upwards() -> None:
    durations = Durations()
    for seconds in (0.001, BUCKETS[3], BUCKETS[3] * 1.01, 3600):
        durations.note(seconds)
    samples = durations.samples({"route": "/"})
    counts = [sample.value for sample in samples if sample.part == "_bucket"]
    assert counts == [1, 1, 1, 2, *[3] * (len(BUCKETS) - 4), 4]
    assert all(one <= other for one, other in pairwise(counts))
    assert [sample.value for sample in samples if sample.part == "_count"] == [4]
    (total,) = [sample.value for sample in samples if sample.part == "_sum"]
    assert total == pytest.approx(3600.001 + BUCKETS[3] * 2.01)


def test_a_refusal_is_counted_by_its_check_and_a_bug_as_a_fault() -> None:
    traffic = Traffic("verifier")
    traffic.note(route="GET /", status=200, seconds=0.1, error=None)
    traffic.note(route="GET /", status=400, seconds=0.1, error=Rejected(Check.NONCE, "expected another"))
    traffic.note(route="GET /", status=500, seconds=0.1, error=ZeroDivisionError("a secret"))
    text = render(traffic.families())
    values = read(text)
    role = ("role", "verifier")
    assert values["zegel_refusals_total", (("check", "nonce"), role)] == 1
    assert values["zegel_faults_total", (role,)] == 1
    assert values["zegel_requests_total", (role, ("route", "GET /"), ("status", "400"))] == 1
    assert values["zegel_request_duration_seconds_count", (role, ("route", "GET /"))] == 3
    assert b"secret" not in text
