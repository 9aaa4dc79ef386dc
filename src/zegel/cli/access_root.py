"""``zegel access-authority root``: the root of access certificates, in a file that its passphrase opens."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.files import create_owner_only, replace_owner_only
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.root_vault import create_root, open_root
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.passphrase import add_passphrase_options, read_passphrase
from zegel.cli.wallet_words import time_text
from zegel.errors import Malformed
from zegel.primitives.x509 import Certificate
from zegel.trust.access_authority.request import (
    MAX_REQUEST,
    parse_certificate_request,
    verify_certificate_request,
)
from zegel.trust.authority import SubjectName


def add_arguments(parser: ArgumentParser) -> None:
    """Add the root's commands."""
    commands = parser.add_subparsers(dest="step", metavar="COMMAND", required=True)
    create = commands.add_parser("create", help="make a root in a new file, under a passphrase of its own")
    create.add_argument(
        "--crl-url", metavar="URL", required=True, help="where its list of what it revoked will be served"
    )
    create.add_argument("--contact", metavar="URL", required=True, help="where whoever runs it is reached")
    sign = commands.add_parser("sign", help="certify an authority that issues below it, by its request")
    sign.add_argument("request", metavar="REQUEST", help="the request as PEM; - reads stdin")
    sign.add_argument("--days", metavar="N", type=int, default=1_095, help="for how long (default: 1095)")
    publish = commands.add_parser("publish", help="sign the list of what it revoked, after revoking what is named")
    publish.add_argument(
        "--revoke", metavar="PEM", type=Path, action="append", default=[], help="an authority's certificate; repeatable"
    )
    for command in (create, sign):
        command.add_argument(
            "--country", metavar="CODE", required=True, help="of whoever runs it, as ISO 3166-1 has it"
        )
        command.add_argument("--organization", metavar="NAME", required=True, help="who runs it")
        command.add_argument("--name", metavar="NAME", required=True, help="what it is called")
    for command in (create, sign, publish):
        command.add_argument("file", metavar="FILE", type=Path, help="the root's file; keep it where nothing serves")
        command.add_argument("--out", metavar="PEM", type=Path, required=True, help="where to write what may be known")
        command.add_argument("--json", action="store_true", help="one JSON object on stdout")
        add_passphrase_options(command)


def run(args: Namespace) -> int:
    """Do it. Nothing private is ever shown, or written anywhere but in the file."""
    now = SystemClock().now()
    match args.step:
        case "create":
            if os.path.lexists(args.file):
                detail = f"{args.file} is there already; expected the path of a new file"
                raise Malformed("command line", "FILE", detail)
            root = create_root(
                args.file,
                read_passphrase(args, new=True),
                _name(args),
                contact=args.contact,
                crl_url=args.crl_url,
                now=now,
                random=system_random,
            )
            create_owner_only(args.out, root.certificate.pem.encode())
            return _say(args, root.certificate)
        case "sign":
            return _sign(args, now)
        case _:
            return _publish(args, now)


def _sign(args: Namespace, now: int) -> int:
    request = parse_certificate_request(read_input(args.request, max_bytes=MAX_REQUEST, what="certificate request"))
    with open_root(args.file, read_passphrase(args), random=system_random) as vault:
        root = vault.value
        asked = verify_certificate_request(request, reserved=(root.key.public_key,))
        certificate = root.certify(asked, _name(args), days=args.days, now=now, random=system_random)
    create_owner_only(args.out, certificate.pem.encode())
    return _say(args, certificate)


def _publish(args: Namespace, now: int) -> int:
    with open_root(args.file, read_passphrase(args), random=system_random) as vault:
        root = vault.value
        for path in args.revoke:
            root = root.revoke(load_certificates(path)[0], now=now)
        root, signed = root.publish(now=now)
        vault.save(root)  # first: a number is given out once
    replace_owner_only(args.out, signed)
    serials = [each.serial for each in root.revoked]
    if args.json:
        print_data({"number": root.number, "revoked": serials})
    else:
        print_text(f"number {root.number}: {', '.join(serials) or 'nothing'} revoked")
    return ACCEPTED


def _name(args: Namespace) -> SubjectName:
    return SubjectName(country=args.country, organization=args.organization, common_name=args.name)


def _say(args: Namespace, certificate: Certificate) -> int:
    if args.json:
        print_data({"subject": certificate.subject, "not_after": certificate.not_after, "certificate": str(args.out)})
    else:
        print_text(f"{in_text(certificate.subject)}, until {time_text(certificate.not_after)}: {args.out}")
    return ACCEPTED
