"""``zegel list sign``: the next list of trusted entities, from its description, in the place of the one before."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import holding, read_file, replace_published
from zegel.adapters.keyfiles import load_signer
from zegel.adapters.list_descriptions import load_list_description
from zegel.cli.list_operators import add_crl_option, list_operators
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.wallet_words import time_text
from zegel.errors import Malformed
from zegel.trust.lists.issue import issue_trusted_list
from zegel.trust.lists.parse import MAX_TRUSTED_LIST, UnverifiedTrustedList, parse_trusted_list
from zegel.trust.lists.values import TrustedEntity
from zegel.trust.lists.verify import VerifiedTrustedList


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("description", metavar="TOML", type=Path, help="who publishes it, and who stands on it")
    parser.add_argument("--key", metavar="PEM", type=Path, required=True, help="the signer's key")
    parser.add_argument("--chain", metavar="PEM", type=Path, required=True, help="its chain, leaf first, no anchor")
    parser.add_argument(
        "--root",
        metavar="PEM",
        type=Path,
        required=True,
        help="what the chain leads to, as those who read it have it",
    )
    add_crl_option(parser)
    parser.add_argument(
        "--into", metavar="FILE", type=Path, required=True, help="the list; the one that stands there is the one before"
    )
    parser.add_argument("--empty", action="store_true", help="sign it though nobody is on it: nobody is trusted then")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Sign it, read it back as its readers will, and only then replace the file."""
    described = load_list_description(args.description)
    if not described.entities and not args.empty:
        raise Malformed(
            "description of a list", "entities", "expected one at least, or --empty: then nobody is trusted"
        )
    signer, operators = load_signer(args.key, args.chain), list_operators(args.root, args.crl)
    with holding(args.into.absolute().parent, taken="somebody else signs a list there"):
        before = _before(args.into)
        issued = issue_trusted_list(
            described.scheme,
            described.entities,
            signer=signer,
            operators=operators,
            before=before,
            days=described.days,
            now=SystemClock().now(),
        )
        replace_published(args.into, issued.compact)
    _say(args, issued.verified, () if before is None else before.unverified_entities)
    return ACCEPTED


def _before(path: Path) -> UnverifiedTrustedList | None:
    """The list whose place it takes. What is no list stays where it is: ``Malformed``."""
    return parse_trusted_list(read_file(path, max_bytes=MAX_TRUSTED_LIST).strip()) if path.exists() else None


def _say(args: Namespace, signed: VerifiedTrustedList, before: tuple[TrustedEntity, ...]) -> None:
    entities = [entity.name for entity in signed.entities]
    added = [each.name for each in signed.entities if each.name not in {old.name for old in before}]
    removed = [each.name for each in before if each.name not in entities]
    if args.json:
        print_data(
            {
                "file": str(args.into),
                "type": signed.type,
                "operator": signed.operator,
                "sequence": signed.sequence,
                "issued": time_text(signed.issued_at),
                "next_update": time_text(signed.next_update),
                "entities": entities,
                "added": added,
                "removed": removed,
            }
        )
        return
    lines = [f"number {signed.sequence}, the next one by {time_text(signed.next_update)}: {in_text(str(args.into))}"]
    lines += [f"{mark} {in_text(name)}" for mark, names in (("+", added), ("-", removed)) for name in names]
    print_text("\n".join([*lines, f"{len(entities)} on the list"]))
