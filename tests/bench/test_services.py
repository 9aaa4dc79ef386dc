"""What the benchmark does to the services: a wallet receives, and signs in with what it received."""

import json

import pytest

import end_to_end


@pytest.mark.slow
def test_each_service_does_its_task_within_its_memory(capsys: pytest.CaptureFixture[str]) -> None:
    end_to_end.main(receipts=1, sign_ins=1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == [
        "sdjwt issue over HTTP",
        "mdoc issue over HTTP",
        "sdjwt sign-in over HTTP",
        "mdoc sign-in over HTTP",
    ]
    assert all(0 < line["peak_mb"] < end_to_end.MAX_PEAK_MB and line["per_second"] > 0 for line in lines)
