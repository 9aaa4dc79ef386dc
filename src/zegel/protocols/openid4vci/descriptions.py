"""What credential issuer metadata shows, and which claims it describes (OpenID4VCI 1.0, 12.2.4 and B.2)."""

from collections.abc import Mapping, Sequence
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath, parse_claim_path
from zegel.primitives.json import Json, JsonObject
from zegel.protocols.openid4vci.configuration import ClaimDescription, Display

MAX_SHOWN: Final = 300  # characters of a name or description; longer ones are not for a screen
MAX_CLAIMS: Final = 200  # a PID has 40
_MAX_LOGO: Final = 65_536  # a data URL with a small PNG
_WHAT: Final = "credential issuer metadata"


def read_displays(value: Json) -> tuple[Display, ...]:
    """What is shown. It decides nothing, so what is no text of a fitting length is left out."""
    entries = value if type(value) is list else []
    return tuple(_display(each) for each in entries[:MAX_CLAIMS] if isinstance(each, Mapping) and _shown(each, "name"))


def read_claims(value: Json, format_: Format) -> tuple[ClaimDescription, ...]:
    """The claims that are described; ``Malformed`` paths, and ``Rejected(SERVER_METADATA)`` where two do not agree."""
    entries = value if type(value) is list else []
    claims = tuple(
        _claim(each, format_, f"claims[{position}].path")
        for position, each in enumerate(entries[:MAX_CLAIMS])
        if isinstance(each, Mapping)
    )
    _refuse_contradictions([claim.path for claim in claims])
    return claims


def _refuse_contradictions(paths: Sequence[ClaimPath]) -> None:
    """Appendix B.3: with a repeated or a contradictory description the processing is aborted."""
    if len(set(paths)) != len(paths):
        raise _rejected("expected each claim once")
    steps = [(path[:at], path[at]) for path in paths for at in range(len(path))]
    # null leads on from a whole array, and nothing beside it does
    whole = {(before, step is None) for before, step in steps}
    # a text leads on from an object, a number from an array; one below zero is a key, and may stand beside either
    named = {(before, str) for before, step in steps if isinstance(step, str)}
    placed = {(before, int) for before, step in steps if isinstance(step, int) and step >= 0}
    for kinds in (whole, named | placed):
        if len({before for before, _ in kinds}) != len(kinds):
            raise _rejected("expected one claim to be an object, or an array by position, or all of an array")


def _claim(members: JsonObject, format_: Format, where: str) -> ClaimDescription:
    """Appendix C: negative integers are for mdocs alone."""
    path = parse_claim_path(members.get("path"), what=_WHAT, where=where, negative=format_ is Format.MDOC)
    return ClaimDescription(
        path=path, mandatory=members.get("mandatory") is True, display=read_displays(members.get("display"))
    )


def _display(members: JsonObject) -> Display:
    logo = members.get("logo")
    image: JsonObject = logo if isinstance(logo, Mapping) else {}
    return Display(
        name=_shown(members, "name") or "",
        locale=_shown(members, "locale"),
        description=_shown(members, "description"),
        background_color=_shown(members, "background_color"),
        text_color=_shown(members, "text_color"),
        logo=_shown(image, "uri", limit=_MAX_LOGO),
        logo_text=_shown(image, "alt_text"),
    )


def _shown(members: JsonObject, name: str, *, limit: int = MAX_SHOWN) -> str | None:
    value = members.get(name)
    return value if type(value) is str and len(value) <= limit and value.isprintable() else None


def _rejected(detail: str) -> Rejected:
    return Rejected(Check.SERVER_METADATA, detail, field="claims")
