"""``zegel hcert inspect``: what a health certificate says of itself, layer by layer, whoever signed it."""

from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeAlias

from zegel.adapters.clock import SystemClock
from zegel.adapters.value_set_names import load_value_sets
from zegel.cli.health_input import read_code
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.errors import Malformed
from zegel.formats.hcert.certificate import EU_DCC, TITLE
from zegel.formats.hcert.code import ALG, KID, parse_code, parse_signed_code
from zegel.formats.hcert.envelope import EXP, HCERT, IAT, ISS
from zegel.formats.hcert.keys import Algorithm
from zegel.formats.hcert.layers import WHAT
from zegel.formats.hcert.names import named_members
from zegel.formats.hcert.schema import Kind, Reading, read_payload
from zegel.formats.hcert.who_schema import WhoProfile, read_who_payload, who_members, who_person
from zegel.primitives.cbor import Tag, parse_map
from zegel.services.health_lines import parse_moment

Form: TypeAlias = Kind | WhoProfile
"""Which certificate it is: of a kind of the EU's, or one of WHO."""

_COUNTRY = len("BE")
_UNVERIFIED = "unverified: this is what it says of itself"


def inspect(args: Namespace) -> int:
    """Show it; a payload that is none by the schema is shown as well, with what is wrong with it."""
    signed = parse_signed_code(parse_code(read_code(args.code)))
    claims: dict[Any, Any] = parse_map(signed.payload, WHAT)
    form, payload, warnings = _read(claims.get(HCERT), Reading(args.schema))
    described: dict[str, Any] = {
        **form_words(form),
        "issuer": shown(claims.get(ISS)),
        "issued": time_text(claims.get(IAT)),
        "expires": time_text(claims.get(EXP)),
        "kid": _hexadecimal(signed.protected.get(KID, signed.unprotected.get(KID))),
        "algorithm": _algorithm(signed.protected.get(ALG, signed.unprotected.get(ALG))),
        "payload": shown(payload),
        "warnings": list(warnings),
    }
    if args.json:
        print_data({"verified": False, **described})
    else:
        print_certificate(_UNVERIFIED, described, form)
    return ACCEPTED


def moment_of(args: Namespace) -> int:
    """``--at`` in seconds since the epoch; now without it."""
    return SystemClock().now() if args.at is None else parse_moment(args.at, "command line", "--at")


def country_code(text: str, option: str) -> str:
    """A country in two letters, in capitals; ``Malformed`` for anything else, by which no rule would be found."""
    if not (len(text) == _COUNTRY and text.isascii() and text.isalpha()):
        raise Malformed("command line", option, "expected a country in two letters, as BE")
    return text.upper()


def form_words(form: Form | None) -> dict[str, str | None]:
    """Which certificate it is, and what it is about."""
    if form is None:
        return {"kind": None, "document": None}
    kind = form if isinstance(form, Kind) else form.kind
    return {"kind": kind.name.lower(), "document": TITLE if isinstance(form, Kind) else form.title}


def print_certificate(headline: str, described: Mapping[str, Any], form: Form | None) -> None:
    """A certificate for people: its members by their meaning, and codes by their names."""
    lines = [(name, value) for name, value in described.items() if name not in ("payload", "warnings") and value]
    payload = described["payload"]
    if form is None:
        lines.append(("payload", payload))
    elif isinstance(form, Kind):
        name = payload["nam"]
        lines.append(("name", ", ".join(name[part] for part in ("fn", "gn") if part in name) or name))
        lines.append(("born", payload["dob"]))
        lines.extend(named_members(form, payload[form][0], load_value_sets()))
    else:
        lines.extend(who_person(form, payload))
        lines.extend(who_members(form, payload))
    lines.extend(("warning", warning) for warning in described["warnings"])
    print_text("\n".join([headline, *(f"  {name:<23} {in_text(value)}" for name, value in lines)]))


def shown(value: Any) -> Any:
    """A value as JSON; what the schema does not know may be anything of CBOR's, and is spelled out."""
    if isinstance(value, Mapping):
        return {str(name): shown(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [shown(inner) for inner in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Tag):
        return shown(value.value)
    return value if value is None or isinstance(value, str | int) else str(value)


def time_text(seconds: Any) -> str:
    """A moment as ISO 8601; what it is otherwise, for one that no calendar has."""
    with suppress(ValueError, OverflowError, OSError, TypeError):
        return datetime.fromtimestamp(int(seconds), UTC).isoformat()
    return str(shown(seconds))


def _read(hcert: Any, reading: Reading) -> tuple[Form | None, Any, tuple[str, ...]]:
    """What it is, what it says, and what is odd about it; a certificate that is none is shown as it is."""
    numbers = hcert if isinstance(hcert, dict) else {}
    profile = next((each for each in WhoProfile if each in numbers), None)
    payload = numbers.get(EU_DCC, hcert if profile is None else numbers[profile])
    try:
        if EU_DCC not in numbers and profile is not None:
            payload, warnings = read_who_payload(profile, payload, reading)
            return profile, payload, warnings
        if EU_DCC in numbers and isinstance(payload, dict):
            kind, warnings = read_payload(payload, reading)
            return kind, payload, warnings
    except Malformed as error:
        return None, payload, (f"against the schema: {error.field}: {error.detail}",)
    return None, payload, ("expected an EU Digital COVID Certificate, or one of WHO",)


def _hexadecimal(kid: object) -> str:
    return kid.hex() if isinstance(kid, bytes) else ""


def _algorithm(number: Any) -> str:
    with suppress(ValueError, TypeError):
        return Algorithm(number).name
    return in_text(shown(number))
