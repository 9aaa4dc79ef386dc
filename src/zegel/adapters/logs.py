"""The log: one JSON object a line, on stderr, made of fields that cannot hold a secret.

Nothing is taken out of a line afterwards, because nothing gets in: zegel logs by ``Log.write``, whose fields are names,
numbers and checks. Of other libraries' messages the template is kept and its arguments are left out; of an exception
its class and the lines of code that it came through, never its text unless it is one of zegel's own.
"""

import json
import logging
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Final, TextIO, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import ZegelError, explain

_ROOT: Final = "zegel"
_TEMPLATES: Final = ("uvicorn.error",)  # whose messages are constants with arguments
_FRAMES: Final = 12
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))  # to ASCII: a terminal obeys more than JSON escapes


@final
class Event(Struct, frozen=True, kw_only=True):
    """One line. ``name`` says what happened; ``request`` is the request's own random id; ``route`` is the template of
    the path, not the path; ``host`` is a peer's, without its path; ``ms`` is how long it took."""

    name: str
    role: str
    request: str = ""
    route: str = ""
    host: str = ""
    status: int | None = None
    ms: int | None = None
    check: Check | None = None
    count: int | None = None


@final
class Log:
    """A role's log."""

    def __init__(self, role: str) -> None:
        self.role: Final = role
        self._logger = logging.getLogger(f"{_ROOT}.{role}")

    def write(
        self,
        name: str,
        *,
        request: str = "",
        route: str = "",
        host: str = "",
        status: int | None = None,
        ms: int | None = None,
        check: Check | None = None,
        count: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Write one line: a warning when a check failed, an error with the way it came when ``error`` is a bug."""
        event = Event(
            name=name,
            role=self.role,
            request=request,
            route=route,
            host=host,
            status=status,
            ms=ms,
            check=error.check if isinstance(error, ZegelError) else check,
            count=count,
        )
        level = _level(event, error)
        if self._logger.isEnabledFor(level):
            way = None if error is None else (type(error), error, error.__traceback__)
            # ``log`` would look for the line of code that it was called from, which takes a third of the time
            self._logger.handle(
                self._logger.makeRecord(self._logger.name, level, "", 0, name, (), way, extra={"event": event})
            )


def configure_logs(stream: TextIO, *, level: int = logging.INFO) -> None:
    """Send every library's log to ``stream`` in this form; once, at start."""
    sink = logging.StreamHandler(stream)
    sink.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(logging.WARNING)
    logging.getLogger(_ROOT).setLevel(level)
    for name in _TEMPLATES:
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = True
        library.setLevel(max(level, logging.WARNING))  # that it starts and ends, roles say themselves
    access = logging.getLogger("uvicorn.access")  # its lines are paths and queries
    access.handlers[:] = []
    access.propagate = False


@final
class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"time": _time(record.created), "level": record.levelname.lower()}
        event = record.__dict__.get("event")
        if isinstance(event, Event):
            line |= _fields(event)
        else:
            line |= {"event": "library", "logger": record.name, "at": f"{record.module}:{record.lineno}"}
            if record.name in _TEMPLATES and isinstance(record.msg, str):
                line["message"] = record.msg
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line |= _way(error)
        return _ENCODER.encode(line)


def _fields(event: Event) -> dict[str, object]:
    fields: dict[str, object] = {"event": event.name, "role": event.role}
    for name in ("request", "route", "host", "status", "ms", "count"):
        value = getattr(event, name)
        if value not in ("", None):
            fields[name] = value
    check = event.check
    if check is not None:
        fields |= {"check": check.id, "rule": check.rule, "clause": check.clause, "field": check.field}
        fields |= {"fault": str(check.fault), "remedy": check.remedy}
    return fields


def _way(error: BaseException) -> dict[str, object]:
    if isinstance(error, ZegelError):
        return asdict(explain(error)) | {"detail": error.detail}  # without what the other side said
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    way = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__qualname__, "way": way}


def _level(event: Event, error: BaseException | None) -> int:
    if error is not None and not isinstance(error, ZegelError):
        return logging.ERROR
    return logging.INFO if event.check is None else logging.WARNING


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03}Z"
