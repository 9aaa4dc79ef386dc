import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from zegel_testing.logs import logging_to
from zegel_testing.named_refusals import refusals_named

from zegel.adapters.logs import Log
from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, explain

SECRET = "s3cret-code"


@pytest.fixture
def stream() -> Iterator[StringIO]:
    written = StringIO()
    with logging_to(written):
        yield written


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(stream: StringIO) -> None:
    Log("issuer").write("request", request="r1", route="/token", status=200, ms=3)
    Log("issuer").write("purged", count=7)
    first, second = lines(stream)
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "event": "request",
        "role": "issuer",
        "request": "r1",
        "route": "/token",
        "status": 200,
        "ms": 3,
    }
    assert second["count"] == 7
    assert "status" not in second


def test_a_refusal_is_a_warning_with_its_check(stream: StringIO) -> None:
    Log("verifier").write("answer", host="wallet.example", check=Check.SIGNATURE)
    (line,) = lines(stream)
    assert line["level"] == "warning"
    assert line["check"] == "signature"
    assert line["fault"] == "sender"
    assert line["host"] == "wallet.example"


def test_a_refusal_of_ours_says_what_was_expected(stream: StringIO) -> None:
    Log("verifier").write("answer", error=Rejected(Check.ANCHOR, "no anchor for this purpose"))
    Log("verifier").write("answer", error=Malformed("request", "nonce", "expected text"))
    first, second = lines(stream)
    assert first["level"] == "warning"
    assert first["check"] == "anchor"
    assert first["detail"] == "no anchor for this purpose"
    assert second["check"] == "syntax"


def test_what_the_other_side_said_is_for_people_and_not_for_the_log(stream: StringIO) -> None:
    error = Rejected(Check.ANSWER_DELIVERY, "expected status 200, got 400", said=f"no: {SECRET}")
    assert explain(error).detail == f"expected status 200, got 400: no: {SECRET}"
    Log("wallet").write("request", error=error)
    Log("wallet").write("request", error=Denied("invalid_grant", Check.PEER_REFUSAL, "refused", said=SECRET))
    assert SECRET not in stream.getvalue()
    assert lines(stream)[0]["detail"] == "expected status 200, got 400"


@pytest.mark.parametrize("character", ["\x1b", "\x7f", "\x9b", "\u202e", "\u2028", "\n"])
def test_no_character_moves_a_terminal(stream: StringIO, character: str) -> None:
    Log("wallet").write("request", error=Malformed("form", f"a{character}b", "expected each parameter once"))
    written = stream.getvalue().removesuffix("\n")
    assert written.isascii()
    assert written.isprintable()
    assert lines(stream)[0]["field"] == f"a{character}b"


def fail_with(secret: str) -> None:
    raise KeyError(secret)


def test_a_bug_shows_the_way_it_came_and_not_what_it_carried(stream: StringIO) -> None:
    try:
        fail_with(SECRET)
    except KeyError as error:
        Log("issuer").write("failed", request="r1", error=error)
    (line,) = lines(stream)
    assert line["level"] == "error"
    assert line["error"] == "KeyError"
    assert line["way"][-1].endswith("fail_with")
    assert SECRET not in stream.getvalue()


def test_a_librarys_arguments_are_left_out(stream: StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid header %s", SECRET)
    logging.getLogger("uvicorn.error").error(ValueError(SECRET))
    logging.getLogger("httpcore.connection").warning("GET https://issuer.example/?code=%s", SECRET)
    logging.getLogger("sqlalchemy.engine").error(f"SELECT {SECRET}")
    invalid, failed, http, sql = lines(stream)
    assert invalid["message"] == "Invalid header %s"
    assert "message" not in failed
    assert http["logger"] == "httpcore.connection"
    assert sql["at"].startswith("test_logs:")
    assert SECRET not in stream.getvalue()


def test_paths_and_queries_of_the_server_are_not_logged_and_neither_is_its_chatter(stream: StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 1)
    logging.getLogger("uvicorn.access").info('%s - "%s %s"', "127.0.0.1", "GET", f"/cb?code={SECRET}")
    logging.getLogger("httpx2").info("HTTP Request: GET https://issuer.example/?code=%s", SECRET)
    assert stream.getvalue() == ""


def test_an_exception_that_a_library_logs_keeps_its_text_to_itself(stream: StringIO) -> None:
    try:
        fail_with(SECRET)
    except KeyError:
        logging.getLogger("asyncio").exception("Task %s failed", SECRET)
    (line,) = lines(stream)
    assert line["error"] == "KeyError"
    assert SECRET not in stream.getvalue()


def test_a_refusal_that_is_logged_without_a_check_does_not_go_unnoticed() -> None:
    with refusals_named():
        Log("issuer").write("request", status=404)
        Log("issuer").write("request", status=400, error=Rejected(Check.LOG_IN, "expected another password"))
    with pytest.raises(AssertionError), refusals_named():
        Log("issuer").write("request", status=400)
