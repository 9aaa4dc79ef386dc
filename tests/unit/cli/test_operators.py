"""``zegel issuer``, ``revoke``, ``verifier`` and ``wallet-provider``: the operators' APIs from the command line."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.command_line import CLAIMS_OF, HOLDER, HOLDER_JWK
from zegel_testing.relying_party import Asked, Copy, json_of
from zegel_testing.served_roles import ServedRoles, serve_roles

from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import open_store
from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.cli import verifier as verifier_command
from zegel.cli.operator import refusal_of
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest
from zegel.primitives.jws import parse_jws
from zegel.protocols.openid4vp.another_device import ANOTHER_DEVICE
from zegel.protocols.openid4vp.purpose import FORMAT
from zegel.protocols.openid4vp.verifier import CROSS_DEVICE_SECONDS
from zegel.trust.attestation import parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.key_attestation import parse_key_attestation, verify_key_attestation

QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["family_name"]}],
        }
    ]
}


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoles]:
    with serve_roles(tmp_path_factory.mktemp("roles") / "utopia") as served:
        yield served


@pytest.fixture
def operate(zegel: Any, roles: ServedRoles) -> Callable[..., Any]:
    def run(*args: object) -> Any:
        return zegel(*args, "--config", roles.config_file)

    return run


TICKET = {"credentials": [{"id": "ticket", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:utopia:ticket:1"]}}]}


@pytest.fixture
def query(tmp_path: Path) -> Path:
    file = tmp_path / "query.json"
    file.write_text(json.dumps(QUERY))
    return file


def fetch(roles: ServedRoles, link: str) -> Asked:
    """A wallet follows the link."""
    uri = dict(parse_qsl(urlsplit(link).query))["request_uri"]
    response = roles.run(verifier_of(roles)(HttpRequest(method="GET", url=uri)))
    claims = parse_jws(response.body, what="request object").unverified_claims
    return Asked(json.loads(json.dumps(claims)))


def verifier_of(roles: ServedRoles) -> Any:
    return next(handler for origin, handler in roles.handlers.items() if "verifier.localhost" in origin)


def present(zegel: Any, roles: ServedRoles, tmp_path: Path, link: str) -> str:
    """A wallet answers; where it sends the browser."""
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS_OF["pid"]))
    keys = roles.folder / "keys"
    issued = zegel(
        "issue", "pid", "--claims", tmp_path / "claims.json", "--holder", HOLDER_JWK, "--key",
        keys / "issuer.key.pem", "--chain", keys / "issuer.pem", "--at", NOW,
    )  # fmt: skip
    asked = fetch(roles, link)
    copy = Copy(Format.SD_JWT_VC, issued.out.strip().encode(), HOLDER)
    answer = asked.answer(asked.present(copy, paths=[("family_name",)]))
    back: str = json_of(roles.run(verifier_of(roles)(answer)))["redirect_uri"]
    return back


# --- the verifier ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_presentation_from_the_terminal(
    zegel: Any, operate: Any, roles: ServedRoles, query: Path, tmp_path: Path
) -> None:
    begun = operate("verifier", "request", query, "--json")
    assert (begun.code, begun.err) == (0, "")
    assert begun.json.keys() == {"link", "request_uri", "session"}
    session = begun.json["session"]
    pending = operate("verifier", "result", session, "--json")
    assert (pending.code, pending.json) == (3, {"state": "pending", "credentials": [], "error": None})
    back = present(zegel, roles, tmp_path, begun.json["link"])
    assert roles.run(verifier_of(roles)(HttpRequest(method="GET", url=back))).status == 200
    result = operate("verifier", "result", session, "--wait", 5, "--json")
    assert result.code == 0
    assert result.json.keys() == {"state", "credentials", "error"}
    (credential,) = result.json["credentials"]
    assert {"id", "format", "type", "issuer", "claims", "status"} <= credential.keys()
    assert credential["claims"] == {"family_name": CLAIMS_OF["pid"]["family_name"]}
    again = operate("verifier", "result", session, "--json")
    assert (again.code, again.json) == (1, {"state": "collected", "credentials": [], "error": None})


def test_the_answer_for_people(zegel: Any, operate: Any, roles: ServedRoles, query: Path, tmp_path: Path) -> None:
    begun = operate("verifier", "request", query)
    link, session = begun.out.splitlines()
    assert link.startswith("openid4vp://")
    session = session.removeprefix("session: ")
    roles.run(verifier_of(roles)(HttpRequest(method="GET", url=present(zegel, roles, tmp_path, link))))
    shown = operate("verifier", "result", session)
    assert shown.out == f'accepted\n  pid: {{"family_name": "{CLAIMS_OF["pid"]["family_name"]}"}}\n'


def test_a_wallet_that_refuses_is_a_rejection(operate: Any, roles: ServedRoles, query: Path) -> None:
    begun = operate("verifier", "request", query, "--json").json
    asked = fetch(roles, begun["link"])
    roles.run(verifier_of(roles)(asked.refuse()))
    ran = operate("verifier", "result", begun["session"], "--json")
    assert (ran.code, ran.json["state"], ran.json["error"]["error"]) == (1, "refused", "access_denied")
    assert (ran.json["error"]["check"], ran.json["error"]["fault"]) == ("held", "person")


def test_a_person_reads_why_an_answer_was_not_taken(operate: Any, roles: ServedRoles, query: Path) -> None:
    begun = operate("verifier", "request", query, "--json").json
    asked = fetch(roles, begun["link"])
    roles.run(verifier_of(roles)(asked.answer()))
    pending = operate("verifier", "result", begun["session"])
    assert (pending.code, pending.out.splitlines()[:2]) == (3, ["pending", "  check   anchor"])
    roles.run(verifier_of(roles)(asked.refuse()))
    refused = operate("verifier", "result", begun["session"])
    assert (refused.code, refused.out.splitlines()) == (
        1,
        [
            "refused",
            "  check   held",
            "  found   the wallet answered with access_denied",
            "  field   error",
            f"  rule    {Check.HELD.rule}",
            f"  clause  {Check.HELD.clause}",
            "  fault   person",
            f"  remedy  {Check.HELD.remedy}",
        ],
    )


def test_a_request_that_expired_is_a_rejection(operate: Any, roles: ServedRoles, query: Path) -> None:
    session = operate("verifier", "request", query, "--cross-device", "--json").json["session"]
    roles.clock.advance(CROSS_DEVICE_SECONDS)
    try:
        ran = operate("verifier", "result", session, "--wait", 5, "--json")
    finally:
        roles.clock.advance(-CROSS_DEVICE_SECONDS)
    assert (ran.code, ran.json) == (1, {"state": "expired", "credentials": [], "error": None})


def test_every_choice_reaches_the_request(operate: Any, roles: ServedRoles, query: Path, tmp_path: Path) -> None:
    data = [{"type": "urn:eudi:sca:payment:1", "credential_ids": ["pid"], "payload": {"amount": "1"}}]
    (tmp_path / "transaction.json").write_text(json.dumps(data))
    begun = operate(
        "verifier", "request", query, "--response-mode", "direct_post", "--client-id-prefix", "x509_san_dns",
        "--request-uri-method", "post", "--transaction-data", tmp_path / "transaction.json", "--cross-device",
        "--purpose", "To open an account", "--json",
    )  # fmt: skip
    assert begun.code == 0
    assert "request_uri_method=post" in begun.json["link"]
    asked = fetch(roles, begun.json["link"])
    assert asked.claims["response_mode"] == "direct_post"
    assert asked.client_id == "x509_san_dns:verifier.localhost"
    registered, why, where = asked.claims["verifier_info"]
    assert registered["format"] == "registration_cert"
    assert why == {"format": FORMAT, "data": {"purpose": "To open an account"}}
    assert where["format"] == ANOTHER_DEVICE.format
    assert len(asked.transaction_data) == 1
    assert asked.claims["exp"] - asked.claims["iat"] == 120


def test_a_long_wait_is_asked_again(
    zegel: Any, operate: Any, roles: ServedRoles, query: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = operate("verifier", "request", query, "--json").json
    monkeypatch.setattr(verifier_command, "_MAX_WAIT", 0)
    moments = iter([0.0, 0.0, 1.0, 1.0, 5.0])
    monkeypatch.setattr(verifier_command, "monotonic", lambda: next(moments))
    assert operate("verifier", "result", begun["session"], "--wait", 5).out == "pending\n"
    assert next(moments, None) is None


@pytest.mark.refuses(Check.KNOWN_SESSION)
def test_a_session_that_there_is_not_is_refused(operate: Any) -> None:
    ran = operate("verifier", "result", "unknown", "--json")
    assert (ran.code, ran.json["check"], ran.json["fault"]) == (1, "known-session", "client")


@pytest.mark.parametrize(
    ("given", "field"),
    [(("../x",), "SESSION"), *((("s", f"--wait={wait}"), "--wait") for wait in (-1, -5))]
    + [((session,), "SESSION") for session in ("", "a b", "é", "?wait=1", "a/b", "%", "a" * 201)],
)
@pytest.mark.refuses(Check.SYNTAX)
def test_what_is_no_session_and_no_time_is_wrong_usage(operate: Any, given: tuple[str, ...], field: str) -> None:
    ran = operate("verifier", "result", *given, "--json")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, "syntax", field)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"credentials":[{}]}'])
@pytest.mark.refuses(Check.SYNTAX)
def test_a_query_that_does_not_parse_is_malformed(operate: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "query.json").write_text(text)
    ran = operate("verifier", "request", tmp_path / "query.json", "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")


def test_a_query_that_is_not_there_is_unavailable(operate: Any) -> None:
    assert operate("verifier", "request", "missing.json").code == 3


UNSIGNED = ("--client-id-prefix", "redirect_uri", "--json")


def test_an_unsigned_request_stands_in_its_link(operate: Any, query: Path) -> None:
    query.write_text(json.dumps(TICKET))
    ran = operate("verifier", "request", query, *UNSIGNED)
    assert (ran.code, ran.json["request_uri"]) == (0, None)


@pytest.mark.refuses(Check.UNAUTHENTICATED_PARTY)
def test_nobody_is_asked_for_a_pid_by_an_unsigned_request(operate: Any, query: Path) -> None:
    ran = operate("verifier", "request", query, *UNSIGNED)
    assert (ran.code, ran.json["check"]) == (1, "unauthenticated-party")


@pytest.mark.refuses(Check.PRESENTATION_REQUEST)
def test_what_its_link_holds_is_fetched_by_no_method(operate: Any, query: Path) -> None:
    query.write_text(json.dumps(TICKET))
    ran = operate("verifier", "request", query, *UNSIGNED, "--request-uri-method", "post")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (1, "presentation-request", "request_uri_method")


@pytest.mark.refuses(Check.TYPE_FORMAT)
@pytest.mark.parametrize("identifier", ["eu.europa.ec.av.1", "org.iso.18013.5.1.mDL"])
def test_a_type_is_asked_for_in_a_format_that_it_has(operate: Any, query: Path, identifier: str) -> None:
    credential = {"id": "age", "format": "dc+sd-jwt", "meta": {"vct_values": [identifier]}}
    query.write_text(json.dumps({"credentials": [credential]}))
    ran = operate("verifier", "request", query, "--json")
    assert (ran.code, ran.json["check"]) == (1, "type-format")
    credential |= {"format": "mso_mdoc", "meta": {"doctype_value": identifier}}
    query.write_text(json.dumps({"credentials": [credential]}))
    assert operate("verifier", "request", query, "--json").code == 0


# --- the issuer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "grant"),
    [
        ((), "authorization_code"),
        (("--person", "erika"), "authorization_code"),
        (("--by-value",), "authorization_code"),
        (("--grant", "pre-authorized", "--person", "erika"), "urn:ietf:params:oauth:grant-type:pre-authorized_code"),
        (
            ("--grant", "pre-authorized", "--person", "erika", "--tx-code", "--format", "mso_mdoc"),
            "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        ),
    ],
)
def test_an_offer_has_the_shape_that_is_documented(operate: Any, options: tuple[str, ...], grant: str) -> None:
    ran = operate("issuer", "offer", "pid", *options, "--json")
    assert ran.code == 0, ran
    assert ran.json.keys() == {"credential_offer", "credential_offer_uri", "link", "tx_code", "session"}
    assert grant in ran.json["credential_offer"]["grants"]
    assert (ran.json["tx_code"] is not None) == ("--tx-code" in options)
    assert ("credential_offer=" in ran.json["link"]) == ("--by-value" in options)
    ids = ran.json["credential_offer"]["credential_configuration_ids"]
    assert len(ids) == (1 if "--format" in options else 2)


def test_an_offer_for_people_is_a_link_and_a_code(operate: Any) -> None:
    ran = operate("issuer", "offer", "pid", "--grant", "pre-authorized", "--person", "erika", "--tx-code")
    link, code = ran.out.splitlines()
    assert link.startswith("openid-credential-offer://")
    assert code.removeprefix("transaction code: ").isdigit()
    assert operate("issuer", "offer", "pid").out.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "code", "check"),
    [
        (("unknown",), 2, "syntax"),
        (("pid", "--tx-code"), 2, "syntax"),
        (("pid", "--grant", "pre-authorized"), 2, "syntax"),
        (("pid", "--grant", "pre-authorized", "--person", "nobody"), 1, "person"),
        (("pid", "--person", "nobody"), 1, "person"),
        (("mdl", "--format", "dc+sd-jwt"), 1, "type-format"),
    ],
)
def test_an_offer_that_cannot_be_made_is_refused(operate: Any, options: tuple[str, ...], code: int, check: str) -> None:
    ran = operate("issuer", "offer", *options, "--json")
    assert (ran.code, ran.json["check"]) == (code, check)


@pytest.mark.slow
def test_what_a_person_holds_is_revoked(operate: Any) -> None:
    ran = operate("revoke", "--person", "erika", "--type", "pid", "--json")
    assert (ran.code, ran.json) == (0, {"revoked": []})
    for options in ((), ("--json",)):
        mistyped = operate("revoke", "--person", "nobody", *options)
        assert (mistyped.code, mistyped.out.strip()) == (0, '{"revoked": []}' if options else "")
        assert "nothing was revoked" in mistyped.err


# --- the wallet provider --------------------------------------------------------------------------------------------


@pytest.mark.requirement("WPNot_03")
def test_a_foreign_wallet_is_attested_for_its_own_keys(operate: Any, roles: ServedRoles) -> None:
    keys = [fixed_key(name).public_key for name in ("wallet", "copy")]
    jwks = [json.dumps(key.jwk()) for key in keys]
    said = operate("wallet-provider", "attest", *jwks, "--nonce", "c_nonce", "--json").json
    attested = {"client_id", "wallet_attestation", "expires", "key_attestation", "instance"}
    assert said.keys() - {"revocation_code"} == attested
    anchors = load_trust([roles.folder / "trust"], now=NOW)
    wallet = parse_wallet_attestation(said["wallet_attestation"])
    assert verify_wallet_attestation(wallet, anchors=anchors, now=NOW).key == keys[0]
    attested_keys = verify_key_attestation(parse_key_attestation(said["key_attestation"]), anchors=anchors, now=NOW)
    assert (attested_keys.keys, attested_keys.nonce) == (tuple(keys), "c_nonce")


def test_attestations_for_people_are_a_line_each(operate: Any, tmp_path: Path) -> None:
    (tmp_path / "jwk").write_text(HOLDER_JWK)
    lines = operate("wallet-provider", "attest", tmp_path / "jwk").out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "client_id",
        "wallet_attestation",
        "expires",
        "key_attestation",
        "instance",
        "revocation_code",
    ]


@pytest.mark.parametrize("jwks", [("{}",), (HOLDER_JWK, HOLDER_JWK), (json.dumps(HOLDER.secret_jwk()),)])
def test_keys_that_are_none_are_malformed(operate: Any, jwks: tuple[str, ...]) -> None:
    ran = operate("wallet-provider", "attest", *jwks, "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")
    assert HOLDER.secret_jwk()["d"] not in ran.out


# --- the door -------------------------------------------------------------------------------------------------------

COMMANDS = [
    ("issuer", "offer", "pid"),
    ("revoke", "--person", "erika"),
    ("verifier", "result", "session"),
    ("wallet-provider", "attest", HOLDER_JWK),
]


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
@pytest.mark.refuses(Check.AVAILABILITY)
def test_a_role_that_does_not_run_is_unavailable(zegel: Any, sandbox: Any, args: tuple[str, ...]) -> None:
    ran = zegel(*args, "--config", sandbox.config, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["check"]) == (3, "unavailable", "availability")
    assert "is the role running?" in ran.json["detail"]


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
@pytest.mark.refuses(Check.OPERATOR_TOKEN)
def test_another_token_is_refused(
    zegel: Any, roles: ServedRoles, sandbox: Any, tmp_path: Path, args: tuple[str, ...]
) -> None:
    (tmp_path / "zegel.toml").write_text(roles.config_file.read_text())
    (tmp_path / "keys").mkdir()
    for file in (sandbox.config.parent / "keys").glob("*.token"):
        copy = tmp_path / "keys" / file.name
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o600)
    ran = zegel(*args, "--config", tmp_path / "zegel.toml", "--json")
    assert (ran.code, ran.json["check"]) == (1, "operator-token")


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_a_token_that_is_missing_or_open_to_others_is_unavailable(
    zegel: Any, roles: ServedRoles, tmp_path: Path, args: tuple[str, ...]
) -> None:
    (tmp_path / "zegel.toml").write_text(roles.config_file.read_text())
    assert zegel(*args, "--config", tmp_path / "zegel.toml").code == 3
    (tmp_path / "keys").mkdir()
    for file in (roles.folder / "keys").glob("*.token"):
        copy = tmp_path / "keys" / file.name
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o644)
    ran = zegel(*args, "--config", tmp_path / "zegel.toml", "--json")
    assert (ran.code, "chmod it to 600" in ran.json["detail"]) == (3, True)


@pytest.mark.parametrize(
    ("status", "answer", "kind", "detail"),
    [
        (400, {"check": "anchor", "detail": "d", "field": "f"}, Rejected, "d"),
        (400, {"check": "syntax", "detail": "request: d", "field": "f"}, Malformed, "request: d"),
        (503, {"check": "availability", "detail": "d"}, Unavailable, "operator API: d"),
        (500, {"error": "server_error", "request": "1"}, Unavailable, "operator API: status 500"),
        (404, None, Unavailable, "operator API: status 404"),
        (400, ["nonsense"], Unavailable, "operator API: status 400"),
        (400, {"check": "unheard-of", "detail": "d"}, Unavailable, "operator API: d"),
    ],
)
def test_a_refusal_is_raised_as_what_it_was(status: int, answer: object, kind: type, detail: str) -> None:
    error = refusal_of(status, answer, of="operator API")
    assert (type(error), error.detail) == (kind, detail)


PUBLISHING = {"issuer": (10_000, 3), "wallet-provider": (7, 2_000), "registrar": (10_000, 0)}
"""What each role has given out: entries of a status list, and identifiers."""


async def give_out(roles: ServedRoles, role: str) -> None:
    """Beside the role, as another of its workers would."""
    config = getattr(load_config(roles.config_file), role.replace("-", "_"))
    entries, identifiers = PUBLISHING[role]
    sealing = load_sealing_keys(config.sealing_key)
    store = await open_store(config.database, key=sealing.current, clock=ManualClock(NOW), random=system_random)
    async with store.transaction() as transaction:
        await transaction.statuses.allocate(bits=1, count=entries, expires=NOW + DAY)
        if identifiers:
            await transaction.statuses.allocate_identifiers(count=identifiers, expires=NOW + DAY)
    store.close()


@pytest.mark.requirement("VCR_18")
def test_every_role_that_publishes_lists_says_how_many_each_is_about(operate: Any, roles: ServedRoles) -> None:
    before = {key: live for key, live, _ in herds(operate("status", "--json").json)}
    for role in PUBLISHING:
        roles.run(give_out(roles, role))
    said = operate("status", "--json").json
    assert (said["small_below"], said["unanswered"]) == (10_000, [])
    assert {(key, live - before.get(key, 0), small) for key, live, small in herds(said)} == {
        (("issuer", "status_list"), 10_000, False),
        (("issuer", "identifier_list"), 3, True),
        (("wallet-provider", "status_list"), 7, True),
        (("wallet-provider", "identifier_list"), 2_000, True),
        (("registrar", "status_list"), 10_000, False),
    }
    for each in said["lists"]:
        (public,) = [origin for origin in roles.handlers if each["uri"].startswith(origin + "/")]
        assert f"{each['role']}." in public
    lines = operate("status").out.splitlines()
    assert lines == [
        f"{each['uri']}  {each['kind'].replace('_', ' ')} of the {each['role'].replace('-', ' ')}, {each['live']} live"
        + (", fewer than 10000: too few to hide in" if each["small"] else "")
        for each in said["lists"]
    ]
    for role in PUBLISHING:
        alone = operate("status", "--role", role, "--json").json
        assert alone["lists"] == [each for each in said["lists"] if each["role"] == role]


def herds(said: Any) -> list[tuple[tuple[str, str], int, bool]]:
    return [((each["role"], each["kind"]), each["live"], each["small"]) for each in said["lists"]]


def test_of_lists_a_role_that_does_not_answer_is_named_and_where_none_does_that_is_said(
    zegel: Any, roles: ServedRoles, tmp_path: Path
) -> None:
    """The sandbox's own configuration, but that the registrar's operator API is where nobody listens."""
    config, port = load_config(roles.config_file), unused_port()
    text = roles.config_file.read_text()
    assert text.count(str(config.registrar.operator_port)) == 2  # the access authority asks it, too
    elsewhere = roles.folder / "elsewhere.toml"
    elsewhere.write_text(text.replace(str(config.registrar.operator_port), str(port)))
    detail = f"operator API at 127.0.0.1:{port}: it does not answer; is the role running?"
    said = zegel("status", "--config", elsewhere, "--json")
    assert (said.code, said.json["unanswered"]) == (3, [{"role": "registrar", "detail": detail}])
    assert said.err == f"registrar: {detail}\n"
    assert {each["role"] for each in said.json["lists"]} <= {"issuer", "wallet-provider"}
    words = zegel("status", "--config", elsewhere)
    assert (words.code, words.err, "registrar" in words.out) == (3, f"registrar: {detail}\n", False)
    silent = "".join(f"[{role.replace('-', '_')}]\noperator_port = {port}\n" for role in PUBLISHING)
    (roles.folder / "nowhere.toml").write_text(silent)
    none = zegel("status", "--config", roles.folder / "nowhere.toml")
    assert (none.code, none.out) == (3, "")
    said_of = [line.partition(":")[0] for line in none.err.splitlines()[: len(PUBLISHING)]]
    assert said_of == ["issuer", "wallet provider", "registrar"]
    alone = zegel("status", "--config", elsewhere, "--role", "registrar", "--json")
    assert (alone.code, alone.json["check"], alone.json["detail"]) == (3, "availability", detail)
    wrong = zegel("status", elsewhere, "--role", "registrar", "--config", elsewhere, "--json")
    assert (wrong.code, wrong.json["check"], wrong.json["field"]) == (2, "syntax", "--role")


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_wallets_are_listed_and_revoked_by_the_operator(operate: Any) -> None:
    jwk = json.dumps(fixed_key("a wallet to be ended").public_key.jwk())
    attested = operate("wallet-provider", "attest", jwk, "--json").json
    known = {row["instance"]: row for row in rows(operate("wallet-provider", "list", "--json"))}
    listed = known[attested["instance"]]
    assert (listed["state"], listed["attested"]) == ("active", 1)
    assert f"{attested['instance']}  since 2026-11-" in operate("wallet-provider", "list").out
    ran = operate("wallet-provider", "revoke", "--instance", attested["instance"])
    assert (ran.code, ran.out) == (0, "the wallet is revoked (security)\n")
    refused = operate("wallet-provider", "attest", jwk, "--json")
    assert (refused.code, refused.json["check"]) == (1, "wallet-revoked")
    assert "revoked (security)" in operate("wallet-provider", "list").out
    unknown = operate("wallet-provider", "revoke", "--instance", "unknown", "--json")
    assert (unknown.code, unknown.json["check"]) == (1, "wallet-instance")


def rows(ran: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_the_issuer_looks_at_the_wallets_when_it_is_told_to(operate: Any) -> None:
    ran = operate("issuer", "check-wallets", "--json")
    assert (ran.code, ran.json) == (0, {"revoked": [], "failed": []})
    assert operate("issuer", "check-wallets").out == ""


def test_whoever_has_died_has_no_wallet_that_goes_on(operate: Any) -> None:
    ran = operate("revoke", "--person", "nobody", "--wallet", "--json")
    assert (ran.code, ran.json) == (0, {"revoked": [], "wallets": []})


# last, for it cannot be undone
def test_the_key_storage_of_all_wallets_is_revoked(operate: Any) -> None:
    assert operate("wallet-provider", "revoke", "--key-storage").out == "revoked the key storage of all wallets\n"
    jwk = json.dumps(fixed_key("another wallet").public_key.jwk())
    refused = operate("wallet-provider", "attest", jwk, "--json")
    assert (refused.code, refused.json["check"]) == (1, "key-storage")
