"""``docs/commands.md``: every command with its arguments, from what the commands themselves declare."""

from argparse import Action as Argument
from argparse import ArgumentParser, _HelpAction, _StoreTrueAction, _SubParsersAction
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from zegel.cli import output
from zegel.cli.main import COMMANDS
from zegel_docs.markdown import table, text

EXITS = {
    output.ACCEPTED: "accepted; done",
    output.REJECTED: "rejected, or denied by the other side",
    output.MALFORMED: "the input does not parse, or the command is wrong",
    output.UNAVAILABLE: "something that is needed cannot be had: a file, a key, a host, a configuration",
    output.FAULT: "a fault of zegel's own, said in one line; please report it",
}


def render_commands() -> str:
    """The page."""
    lines = [
        "# Commands",
        "",
        "`make` leaves the program at `.venv/bin/zegel`. Data goes to stdout, and with `--json` it is one JSON object,",
        "or one a line where there are several; messages and progress go to stderr. `zegel COMMAND --help` says the",
        "same as this page.",
        "",
        "Which configuration a command means: the one that `--config` names, or the variable `ZEGEL_CONFIG`, or",
        "`zegel.toml` in this folder, or that of the demo that is running.",
        "",
        "The passphrase of a vault comes from a file or a descriptor, or is asked for in the terminal, never from an",
        "argument, which every user of the machine can read. Ctrl-C ends a command with 130.",
        *table(("exit code", "means"), [(f"`{code}`", meaning) for code, meaning in EXITS.items()]),
    ]
    for name, command in COMMANDS.items():
        parser = ArgumentParser(prog=f"zegel {name}", description=command.help)
        getattr(import_module(f"zegel.cli.{command.module}"), command.arguments)(parser)
        lines += ["", f"## `zegel {name}`", "", _sentence(command.help), *_command(parser)]
    return "\n".join(lines) + "\n"


def _command(parser: ArgumentParser) -> Iterator[str]:
    commands = next((argument for argument in _arguments(parser) if isinstance(argument, _SubParsersAction)), None)
    if commands is None:
        yield from _table(parser, _arguments(parser))
        return
    described = {pseudo.dest: pseudo.help or "" for pseudo in commands._choices_actions}  # noqa: SLF001 the only way
    inner: Mapping[str, ArgumentParser] = commands.choices
    shared = _shared([_arguments(one) for one in inner.values()])
    if shared:
        yield from ("", "Each of its commands takes:")
        yield from _table(parser, shared)
    for name, one in inner.items():
        own = [argument for argument in _arguments(one) if _key(argument) not in map(_key, shared)]
        yield from ("", f"### `{one.prog}`", "", _sentence(described[name]))
        if own:
            yield from _table(one, own)


def _table(parser: ArgumentParser, arguments: Sequence[Argument]) -> Iterator[str]:
    either = _either(parser)
    yield from table(("argument", "meaning"), [(_name(one), _meaning(one, either)) for one in arguments])


def _arguments(parser: ArgumentParser) -> list[Argument]:
    """What a command takes, arguments without a dash first."""
    found = [one for one in parser._actions if not isinstance(one, _HelpAction)]  # noqa: SLF001 argparse tells no other way
    return sorted(found, key=lambda one: bool(one.option_strings))


def _shared(parsers: Sequence[Sequence[Argument]]) -> list[Argument]:
    """The options that every one of several commands has."""
    if len(parsers) < 2:
        return []
    return [one for one in parsers[0] if all(_key(one) in map(_key, others) for others in parsers)]


def _key(argument: Argument) -> tuple[object, ...]:
    return tuple(argument.option_strings), argument.dest, argument.help


def _either(parser: ArgumentParser) -> Mapping[str, list[str]]:
    """The options that a command does not take together, by each of them."""
    found: dict[str, list[str]] = {}
    for group in parser._mutually_exclusive_groups:  # noqa: SLF001 argparse tells no other way
        names = [one.option_strings[0] for one in group._group_actions]  # noqa: SLF001 argparse tells no other way
        found |= {name: [other for other in names if other != name] for name in names}
    return found


def _name(argument: Argument) -> str:
    if isinstance(argument, _StoreTrueAction):
        return f"`{argument.option_strings[0]}`"
    value = str(argument.metavar or (_choices(argument) if argument.choices else argument.dest.upper()))
    return f"`{' '.join([*argument.option_strings[:1], value])}`".replace("|", "\\|")


def _choices(argument: Argument) -> str:
    return "|".join(str(choice) for choice in argument.choices or ())


def _meaning(argument: Argument, either: Mapping[str, list[str]]) -> str:
    said = [text(argument.help or "")]
    if argument.option_strings and argument.required:
        said.append("required")
    if not argument.option_strings and argument.nargs in ("?", "*"):
        said.append("may be left out")
    if argument.nargs in ("+", "*"):
        said.append("several may be given")
    others = either.get(argument.option_strings[0], []) if argument.option_strings else []
    if others:
        said.append("not together with " + " or ".join(f"`{other}`" for other in others))
    return "; ".join(part for part in said if part)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{text(words[1:])}."
