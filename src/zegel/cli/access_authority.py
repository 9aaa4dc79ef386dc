"""``zegel access-authority``: the authority is served and operated, certificates are ordered, its root is offline."""

from argparse import ArgumentParser, Namespace
from typing import Any, Final

from zegel.cli import access_order, access_root, serve
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.verify import parse_time
from zegel.cli.wallet_words import time_text

ROLE: Final = "access-authority"


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel access-authority``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)

    def command(name: str, meaning: str) -> ArgumentParser:
        added = commands.add_parser(name, help=meaning)
        if name != "serve":
            added.add_argument("--json", action="store_true", help="one JSON object on stdout")
        add_config_option(added)
        return added

    serve.add_json_option(command("serve", "serve the role"))
    command("list", "every certificate that was issued, and how it stands")
    _add_revocation(command("revoke", "revoke one certificate, those of a party, or all of a time, for good"))
    command("check-register", "revoke, now, what the register does not stand behind any more")
    reports = command("reports", "what the register refused to be told of, and why")
    reports.add_argument("--retry", action="store_true", help="have it told again of all of that, now")
    command("publish", "sign the lists of revoked certificates anew, now")
    access_order.add_order_arguments(command("order", "order a certificate with a request, as a relying party"))
    access_order.add_finish_arguments(command("finish", "have the hosts of an order asked, and the certificate issued"))
    access_root.add_arguments(commands.add_parser("root", help="make and use the root, which no service ever opens"))


def run(args: Namespace) -> int:
    """Do it."""
    match args.action:
        case "serve":
            return serve.run(Namespace(roles=[ROLE], config=args.config, json=args.json))
        case "list":
            return _list(args)
        case "revoke":
            return _say(args, _call(args, "POST", "/revocations", _revocation(args)))
        case "check-register":
            return _say(args, _call(args, "POST", "/register/check", {}))
        case "reports":
            return _retry(args) if args.retry else _list_refused(args)
        case "publish":
            return _say(args, _call(args, "POST", "/crl/publish", {}))
        case "root":
            return access_root.run(args)
        case _:
            return access_order.run(args)


def _add_revocation(parser: ArgumentParser) -> None:
    meant = parser.add_mutually_exclusive_group(required=True)
    meant.add_argument("--certificate", metavar="SERIAL", help="one, by its serial number in hexadecimal")
    meant.add_argument("--party", metavar="ID", help="all of a party, by its identifier")
    meant.add_argument("--issued", action="store_true", help="all that were issued, or those of a time")
    parser.add_argument("--since", metavar="TIME", help="with --issued: from this time on")
    parser.add_argument("--until", metavar="TIME", help="with --issued: before this time")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the party and the records")
    parser.add_argument(
        "--confirm", metavar="N", type=int, help="with --issued: how many they are; without it you are told"
    )


def _revocation(args: Namespace) -> dict[str, Any]:
    body: dict[str, Any] = {"reason": args.reason}
    if args.certificate is not None:
        return body | {"certificate": args.certificate}
    if args.party is not None:
        return body | {"identifier": args.party}
    given = {"since": args.since, "until": args.until}
    body["issued"] = {name: parse_time(text) for name, text in given.items() if text is not None}
    return body if args.confirm is None else body | {"confirm": args.confirm}


def _list(args: Namespace) -> int:
    after = 0
    while True:
        page = _call(args, "GET", "/certificates", query={"after": str(after)})
        for each in page["certificates"]:
            if args.json:
                print_data(each)
            else:
                print_text(_line(each))
        if page["after"] is None:
            return ACCEPTED
        after = page["after"]


def _list_refused(args: Namespace) -> int:
    after = ""
    while True:
        page = _call(args, "GET", "/reports", query={"after": after})
        for each in page["refused"]:
            if args.json:
                print_data(each)
            else:
                said = f"{each['serial']}  {in_text(each['identifier'])}, {time_text(each['at'])}"
                print_text(f"{said}: {in_text(each['reason'])}")
        if page["after"] is None:
            return ACCEPTED
        after = page["after"]


def _retry(args: Namespace) -> int:
    answer = _call(args, "POST", "/reports/retry", {})
    if args.json:
        print_data(answer)
    else:
        print_text(f"the register is told again of {answer['again']}, and refuses {answer['refused']}")
    return ACCEPTED


def _line(each: dict[str, Any]) -> str:
    why = f", {in_text(each['reason'])}" if "reason" in each else ""
    hosts = ", ".join(each["hosts"])
    return (
        f"{each['serial']}  {each['standing']}{why}, until {time_text(each['until'])}: "
        f"{in_text(each['identifier'])} {in_text(each['service'])} at {hosts}"
    )


def _say(args: Namespace, answer: dict[str, Any]) -> int:
    if args.json:
        print_data(answer)
    elif "revoked" in answer:
        count = answer["revoked"]
        print_text(f"{count} certificate{'' if count == 1 else 's'} revoked, and the list that says so is published")
    else:
        print_text("the lists of revoked certificates are signed anew")
    return ACCEPTED


def _call(args: Namespace, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Any:
    return call_operator(
        find_config(args).access_authority,
        method=method,
        path=path,
        body=body,
        query=query,
    )
