"""``zegel why FILE``: the path from whatever is signed to its anchor, or the first step that breaks."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from zegel.adapters.health_trust import load_health_signers, load_signers
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.picture_bounds import MAX_FILE
from zegel.adapters.trust_files import QUALIFIED_FILE, load_trust
from zegel.cli.health_input import code_in, shows_codes
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, REJECTED, in_text, print_data, print_text
from zegel.cli.verify import parse_time
from zegel.errors import Malformed, ZegelError
from zegel.formats.hcert.code import PREFIX
from zegel.services.health import HealthList, pasted_code
from zegel.services.why.health import explain_health
from zegel.services.why.health_signer import explain_signer, signer_in
from zegel.services.why.sources import with_sources
from zegel.services.why.tree import Branch, Standing
from zegel.services.why.why import explain_path

_MAX_INPUT: Final = 10_000_000  # as long as a list in XML may be; what else is read here is shorter
_FILE_HELP: Final = (
    "a credential, a presentation, a request, metadata, an attestation, a registration certificate, a status list, "
    "a list of trusted entities or of revoked certificates, a health certificate (HC1:, "
    "or a picture of its code), certificates, those of its signers, too; - for stdin"
)
_XML: Final = b"<"
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_MARKS: Final = {
    Standing.HOLDS: "",
    Standing.BREAKS: "BREAKS HERE  ",
    Standing.NOT_REACHED: "",
    Standing.SAID: "",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", help=_FILE_HELP)
    parser.add_argument(
        "--trust",
        metavar="PATH",
        type=Path,
        action="append",
        required=True,
        help="a folder of signed lists with operator.pem, or with qualified.toml for those in XML, or PEM certificates "
        "that you vouch for; for a health certificate, a list of its signers; repeatable",
    )
    parser.add_argument(
        "--chain",
        metavar="PATH",
        type=Path,
        help="for a list of revoked certificates: the certificates (PEM) of its authority and of those above it, where "
        "no list names them, or the chain of something that it certified",
    )
    parser.add_argument("--at", metavar="TIME", help="judge as at this time: seconds, or 2026-01-31T12:00:00Z")
    parser.add_argument("--json", action="store_true", help="the tree as one JSON object on stdout")


def run(args: Namespace) -> int:
    """Print the path; 1 where a step breaks."""
    now = parse_time(args.at)
    data = read_input(args.file, max_bytes=max(MAX_FILE, _MAX_INPUT))
    if shows_codes(data):
        data = code_in(data)
    elif len(data) > _MAX_INPUT:
        raise Malformed("input", "", f"expected at most {_MAX_INPUT} bytes")
    if data.lstrip(_BLANK)[:1] == _XML:
        path = _xml_list(args, data, now)
    elif data.startswith(PREFIX):  # its trust are keys on lists of health, and no anchors
        signers, lists = load_signers(args.trust)
        path = _with_passed_over(explain_health(_code(data), signers=signers, now=now), lists)
    else:
        path = _signer(args, data) or _wallet_path(args, data, now)
    if args.json:
        print_data(_data(path))
    else:
        print_text("\n".join((_line(path), *_drawn(path, ""))))
    return ACCEPTED if path.broken is None else REJECTED


def _signer(args: Namespace, data: bytes) -> Branch | None:
    """The path of a health signer's certificate: of one that says so, or whose key stands on a list of health alone."""
    signer = signer_in(data)
    if signer is None:
        return None
    if signer.health_usages:
        signers, lists = load_signers(args.trust)
        return _with_passed_over(explain_signer(signer, signers=signers), lists)
    try:
        listed = load_health_signers(args.trust)
    except Malformed:  # what is there is no list of health
        return None
    return explain_signer(signer, signers=listed) if listed.with_key(signer.key) else None


def _with_passed_over(path: Branch, lists: Iterable[HealthList]) -> Branch:
    """The path with what of the folders of trust was passed over as its first step."""
    names = [each.name for each in lists if each.unread]
    if not names:
        return path
    said = f"passed over, as neither a list of health nor a certificate: {', '.join(names)}"
    return replace(path, below=(Branch(name="trust", said=said), *path.below))


def _wallet_path(args: Namespace, data: bytes, now: int) -> Branch:
    """A list that is refused breaks no more than what needs it."""
    refused: list[tuple[str, ZegelError]] = []

    def refuse(path: Path, error: ZegelError) -> None:
        refused.append((str(path), error))

    anchors = load_trust(args.trust, now=now, operators=True, refused=refuse)
    between = () if args.chain is None else load_certificates(args.chain)
    return with_sources(explain_path(data, anchors=anchors, now=now, between=between), refused)


def _xml_list(args: Namespace, data: bytes, now: int) -> Branch:
    """Its trust is who points to it."""
    from zegel.adapters.qualified_files import find_pointings  # what reads XML takes room
    from zegel.services.why.xml_list import explain_xml_list
    from zegel.trust.lists.xml.parse import parse_xml_list

    document = parse_xml_list(data)
    folders = [path for path in args.trust if (path / QUALIFIED_FILE).is_file()]
    return explain_xml_list(document, pointings=find_pointings(document, folders, now=now))


def _code(data: bytes) -> bytes:
    try:
        return pasted_code(data.decode("ascii")).encode()
    except UnicodeDecodeError:
        raise Malformed("health certificate", "", "expected the text of a code") from None


def _data(branch: Branch) -> dict[str, Any]:
    explanation = None if branch.explanation is None else asdict(branch.explanation)
    return {
        "name": branch.name,
        "said": branch.said,
        "standing": str(branch.standing),
        "explanation": explanation,
        "below": [_data(each) for each in branch.below],
    }


def _line(branch: Branch) -> str:
    return f"{branch.name}: {_MARKS[branch.standing]}{in_text(branch.said)}"


def _drawn(branch: Branch, indent: str) -> Iterator[str]:
    """The lines below a branch, as a tree."""
    explanation = branch.explanation
    if explanation is not None:
        bar = "│ " if branch.below else "  "
        for name in ("check", "field", "rule", "clause", "fault", "remedy"):
            yield f"{indent}{bar}  {name:<7} {in_text(getattr(explanation, name))}"
    for each in branch.below:
        last = each is branch.below[-1]
        yield f"{indent}{'└─ ' if last else '├─ '}{_line(each)}"
        yield from _drawn(each, indent + ("   " if last else "│  "))
