"""What ``zegel wallet`` prints: credentials, requests and the log, as JSON and for people."""

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from zegel.cli.output import in_text, print_data, print_text
from zegel.errors import Malformed
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.claims import json_claim
from zegel.services.wallet.cautioning import Caution, RegistrationView
from zegel.services.wallet.consenting import ConsentView
from zegel.services.wallet.contents import Counterpart, Entry, HealthCertificate, Holding, Mention
from zegel.services.wallet.describing import Picture, WithheldView, named_batch, named_type, shown_claims
from zegel.services.wallet.disclosing import PolicyOutcome
from zegel.services.wallet.holdings import attested, changed_claims

LOCALE: Final = "en"


def show(args: Namespace, data: object, text: str) -> None:
    """The outcome of a command: one JSON object with ``--json``, words without."""
    if args.json:
        print_data(data)
    elif text:
        print_text(text)


def check_known(id_: str, held: Iterable[Holding] | Iterable[HealthCertificate], what: str) -> str:
    """Find that an argument is the id of something that is held, and return it; ``Malformed`` otherwise."""
    if all(each.id != id_ for each in held):
        detail = f"this wallet has no {what} of that id; expected one that zegel wallet list prints"
        raise Malformed("command line", "ID", detail)
    return id_


def credential_data(holding: Holding, catalogue: Catalogue) -> dict[str, Any]:
    """A credential without its claims."""
    credential = holding.credential
    named = named_batch(holding.batch, catalogue, locale=LOCALE)
    before = holding.before
    return {
        "id": holding.id,
        "name": named.name,
        "type": credential.type,
        "format": str(credential.format),
        "issuer": credential.issuer.entity,
        "received_from": holding.provider.url,
        "copies": len(holding.batch.copies),
        "unused": holding.unused,
        "valid_from": credential.valid_from,
        "valid_until": credential.valid_until,
        "status": None if holding.standing is None else holding.standing.word,
        "changed": [] if before is None else [list(path) for path in changed_claims(before, credential)],
    }


def whole_credential_data(holding: Holding, catalogue: Catalogue) -> dict[str, Any]:
    """A credential with its claims."""
    return {**credential_data(holding, catalogue), "claims": json_claim(attested(holding.credential))}


def credential_line(holding: Holding, catalogue: Catalogue) -> str:
    """A credential in a line."""
    named = named_batch(holding.batch, catalogue, locale=LOCALE)
    ends = holding.credential.valid_until
    until = "" if ends is None else f", until {time_text(ends)}"
    copies = f"{holding.unused} of {len(holding.batch.copies)} copies unused"
    return in_text(
        f"{holding.id}  {named.name} ({named.format_name}), {holding.credential.issuer.entity}, {copies}{until}"
    )


def credential_text(holding: Holding, catalogue: Catalogue) -> str:
    """A credential with its claims, for people."""
    named = named_batch(holding.batch, catalogue, locale=LOCALE)
    lines = [credential_line(holding, catalogue), *_indented(shown_claims(holding.credential, named))]
    before = holding.before
    if before is not None:
        changed = [named.claim(path) for path in changed_claims(before, holding.credential)]
        lines.append(f"  changed by the issuer: {', '.join(changed)}")
    return _text(lines)


def withheld_line(view: WithheldView) -> str:
    """A credential that was offered and did not come, in a line."""
    said = f' It says: "{view.said}"' if view.said else ""
    return in_text(f"{view.name} ({view.format}) was not issued. {view.why}{said}")


def consent_data(view: ConsentView) -> dict[str, Any]:
    """A request as it is shown before a decision."""
    return {
        "party": party_data(view.party),
        "registration": None if view.registration is None else asdict(view.registration),
        "warnings": [asdict(caution) for caution in view.cautions],
        "purposes": list(view.purposes),
        "credentials": [
            {
                "id": question.id,
                "name": question.name,
                "format": question.format,
                "offerings": [
                    {
                        "credential": offering.holding,
                        "claims": [name for name, _ in offering.claims],
                        "policy": None if offering.policy is None else asdict(offering.policy),
                    }
                    for offering in question.offerings
                ],
            }
            for question in view.questions
        ],
        "missing": list(view.missing),
        "withheld": list(view.withheld),
        "transactions": [
            {"title": transaction.title, "data": dict(transaction.pairs)} for transaction in view.transactions
        ],
    }


def consent_text(view: ConsentView, *, values: bool) -> str:
    """A request in words; with the values that would leave the wallet for whoever decides at a terminal."""
    party = view.party
    who = party.name if party.certified else f"somebody at {party.host}, whom nobody vouches for,"
    service = f" for {party.service}" if party.certified and party.service else ""
    lines = [f"{who} asks{service}; the answer goes to {party.host}"]
    lines += caution_lines(view.cautions)
    if view.registration is not None:
        lines += _registered(view.registration)
    if view.elsewhere:
        lines.append(
            f"  The page may be somebody else's screen: go on only if you opened {party.host} yourself, for whoever "
            "sits there is taken for you."
        )
    stated = view.registration is not None and view.registration.purpose is not None
    lines += [f"  why, in its own words: {purpose}" for purpose in view.purposes]
    lines += [] if stated or view.purposes else ["  it does not say why"]
    for transaction in view.transactions:
        lines += [f"  {transaction.title}", *_indented(dict(transaction.pairs), "    ")]
    for question in view.questions:
        for offering in question.offerings[:1]:
            names = "" if values else ": " + ", ".join(name for name, _ in offering.claims)
            lines.append(f"  {offering.name} ({offering.format}){names}")
            lines += _indented(dict(offering.claims), "    ") if values else []
            if offering.policy is not None:
                lines += _policy(offering.policy, party.name)
            if offering.repeats:
                lines.append("    every copy was shown before: those who saw one can tell that it is you again")
    if view.missing:
        lines.append(f"  your wallet has nothing for: {', '.join(view.missing)}")
    if view.withheld:
        lines.append(f"  your wallet does not share: {', '.join(view.withheld)}")
    return _text(lines)


def _policy(outcome: PolicyOutcome, party: str) -> list[str]:
    """What came of the issuer's policy, and where it is explained."""
    said = f"its issuer {'would not show' if outcome.refusal else 'lets you show'} it to {party}"
    lines = [f"    {said}{f': {outcome.refusal}' if outcome.refusal else ''}"]
    return lines if outcome.explanation is None else [*lines, f"    to whom it may be shown: {outcome.explanation}"]


def caution_lines(cautions: Iterable[Caution]) -> list[str]:
    """Each warning by itself, with all that it is about."""
    lines: list[str] = []
    for caution in cautions:
        lines.append(f"  WARNING: {caution.title} ({caution.check})")
        lines += [f"    {caution.text}", *(f"    - {claim}" for claim in caution.claims)]
    return lines


def _registered(registration: RegistrationView) -> list[str]:
    said = {
        "what it does": registration.description,
        "why, as registered": registration.purpose,
        "what it does with your data": registration.privacy_policy,
    }
    return [f"  {name}: {text}" for name, text in said.items() if text is not None]


def entry_data(entry: Entry) -> dict[str, Any]:
    """A line of the log."""
    return {
        "time": time_text(entry.at),
        "happening": str(entry.happening),
        "outcome": str(entry.outcome),
        "party": party_data(entry.counterpart),
        "credentials": [mention_data(mention) for mention in entry.mentions],
        "transactions": list(entry.transactions),
        "check": entry.check or None,
        "through": None if entry.through is None else party_data(entry.through),
        "registered": None if entry.registered is None else asdict(entry.registered),
        "warnings": list(entry.warnings),
        "beyond": [{"type": asked.type, "format": asked.format, "claim": list(asked.path)} for asked in entry.beyond],
    }


def entry_text(entry: Entry, catalogue: Catalogue) -> str:
    """A line of the log, for people."""
    party = entry.counterpart
    who = party.name if party.certified or not party.host else f"{party.host} (name not confirmed)"
    check = f", {entry.check}" if entry.check else ""
    through = "" if entry.through is None else f" through {entry.through.name}"
    lines = [f"{time_text(entry.at)}  {entry.happening}: {who}{through} ({entry.outcome}{check})"]
    lines += [f"    {transaction}" for transaction in entry.transactions if not party.host]
    lines += [f"    warned of: {', '.join(entry.warnings)}"] if entry.warnings else []
    for mention in entry.mentions:
        named = named_type(mention.type, mention.format, catalogue, locale=LOCALE)
        claims = ", ".join(named.claim(path) for path in mention.paths)
        again = "; a copy that had been shown before" if mention.repeated else ""
        lines.append(f"    {named.name} ({named.format_name}){': ' if claims else ''}{claims}{again}")
    return _text(lines)


def mention_data(mention: Mention) -> dict[str, Any]:
    """A credential in the log: names of claims, never values."""
    return {
        "type": mention.type,
        "format": str(mention.format),
        "claims": [list(path) for path in mention.paths],
        "copies": mention.copies,
        "repeated": mention.repeated,
    }


def party_data(party: Counterpart) -> dict[str, Any]:
    """Who is on the other side."""
    return {
        "name": party.name,
        "host": party.host,
        "certified": party.certified,
        "identifier": party.identifier,
        "country": party.country,
        "service": party.service,
    }


def time_text(seconds: int) -> str:
    """A time as RFC 3339 writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(lines: Iterable[str]) -> str:
    """Each on a line of its own, whatever characters others put into it."""
    return "\n".join(map(in_text, lines))


def _indented(values: Mapping[str, Any], indent: str = "  ") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}"
            yield from _indented(value, indent + "  ")
        elif isinstance(value, list) and value:
            yield f"{indent}{name}: {', '.join(map(_word, value))}"
        else:
            yield f"{indent}{name}: {_word(value)}"


def _word(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, list):  # within another value, so that its objects need a mark where each ends
        return ", ".join(f"({_word(item)})" if isinstance(item, Mapping) else _word(item) for item in value)
    if isinstance(value, Picture):
        return "a picture"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_word(inner)}" for name, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
