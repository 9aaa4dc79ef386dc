"""``zegel issue`` and ``zegel verify``: round trips of everything in the catalogue, and every way to be refused."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree
from types import MappingProxyType
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key, fixed_random
from zegel_testing.command_line import CATALOGUE, CLAIMS_OF, HOLDER_JWK, ISSUABLE
from zegel_testing.relying_party import Asked, Copy

from zegel.adapters.keyfiles import load_certificates, load_signer
from zegel.adapters.memory import Loopback
from zegel.adapters.sandbox.create import Sandbox
from zegel.adapters.sandbox.qualified import DIPLOMA
from zegel.adapters.sandbox.revocations import renew_revocations, revoke_certificate
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.checks import Check
from zegel.formats.credential import Format
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.identifiers import sign_identifier_list
from zegel.formats.status.token import StatusListFormat, sign_status_list_cwt, sign_status_list_jwt
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.keys import Curve

FORMATS = pytest.mark.parametrize("format_", list(Format), ids=str)
MEMBERS = {"verdict", "check", "clause", "field", "fault", "remedy", "detail", "credential"}
NONCE, CLIENT_ID, RESPONSE_URI = "our nonce", "x509_hash:ours", "https://verifier.utopia.example/response/1"
THUMBPRINT = base64url(fixed_key("response key").public_key.thumbprint())
STATUS_URI = "https://status.utopia.example/1"
LISTED = ("--status-uri", STATUS_URI, "--status-index", 2)
Issue = Callable[..., Path]


def asked(format_: Format, *, encrypted: bool = False) -> Asked:
    key = fixed_key("response key").public_key.jwk() | {"kid": "1", "use": "enc"}
    return Asked(
        {
            "nonce": NONCE,
            "client_id": CLIENT_ID,
            "response_uri": RESPONSE_URI,
            "client_metadata": {"jwks": {"keys": [key]}} if encrypted else {},
            "dcql_query": {"credentials": [{"format": str(format_)}]},
        }
    )


def present(credential: Path, format_: Format, *, encrypted: bool = False, **changes: Any) -> Path:
    """Present an issued PID into a file beside it."""
    text = credential.read_text().strip()
    data = text.encode() if format_ is Format.SD_JWT_VC else parse_base64url(text, what="credential")
    paths = [("family_name",)] if format_ is Format.SD_JWT_VC else [("eu.europa.ec.eudi.pid.1", "family_name")]
    presented = asked(format_, encrypted=encrypted).present(Copy(format_, data), paths=paths, **changes)
    file = credential.with_suffix(".presented")
    file.write_text(presented + "\n")
    return file


BOUND: dict[Format, tuple[str, ...]] = {
    Format.SD_JWT_VC: ("--nonce", NONCE, "--audience", CLIENT_ID),
    Format.MDOC: ("--nonce", NONCE, "--client-id", CLIENT_ID, "--response-uri", RESPONSE_URI),
}


@pytest.fixture
def verify(zegel: Any, sandbox: Sandbox) -> Callable[..., Any]:
    """Judge a file as at the fixed present, by the sandbox's lists."""

    def run(file: object, *options: object, at: int = NOW, network: bool = False, stdin: bytes = b"") -> Any:
        offline = () if network or "--status" in options else ("--no-network",)
        args = ("verify", file, "--trust", sandbox.trust_folder, "--at", at, *offline, *options)
        ran = zegel(*args, "--json", stdin=stdin)
        assert ran.err == ""
        assert ran.json.keys() == MEMBERS
        return ran

    return run


def refused(ran: Any, check: Check, *, code: int = 1) -> dict[str, Any]:
    said: dict[str, Any] = ran.json
    words = {1: "rejected", 2: "malformed", 3: "unavailable"}
    assert (ran.code, said["verdict"], said["check"]) == (code, words[code], check.id), said
    if said["detail"].startswith("command line: "):
        assert (said["clause"], said["fault"]) == (check.clause, "person")
        assert "--help" in said["remedy"]
    else:
        assert (said["clause"], said["fault"], said["remedy"]) == (check.clause, str(check.fault), check.remedy)
    assert said["credential"] is None
    assert said["detail"]
    return said


def accepted(ran: Any) -> dict[str, Any]:
    said: dict[str, Any] = ran.json
    assert (ran.code, said["verdict"]) == (0, "accepted"), said
    assert [said[name] for name in ("check", "clause", "field", "fault", "remedy")] == [None] * 5
    return said


# --- issued ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("type_", "format_"), ISSUABLE, ids=[f"{type_}-{format_}" for type_, format_ in ISSUABLE])
@pytest.mark.requirement("OIA_14")
@pytest.mark.requirement("PPNot_03")
@pytest.mark.requirement("PuBPNot_04")
def test_whatever_is_issued_is_verified(
    issue: Issue, verify: Any, sandbox: Sandbox, type_: str, format_: Format
) -> None:
    file = issue(type_, format_)
    by = ("--trust", sandbox.trust_folder / QUALIFIED_FOLDER) if type_ == DIPLOMA else ()  # on that list alone
    said = accepted(verify(file, "--type", CATALOGUE.types[type_].identifier(format_), *by))
    credential = said["credential"]
    assert credential["format"] == str(format_)
    assert credential["type"] == CATALOGUE.types[type_].identifier(format_)
    assert credential["issuer"]["entity"] == "Utopia identity office"
    assert credential["status"] == "no status"
    assert credential["holder_bound"] is False
    assert credential["valid_from"] == NOW
    assert credential["valid_until"] == NOW + CATALOGUE.types[type_].validity_days * DAY
    assert said["detail"] == "an issued credential: nothing shows who holds it"
    name = CLAIMS_OF["pid"]["family_name"]
    shown = json.dumps(credential["claims"], ensure_ascii=False)
    has_name = any(claim.id == "family_name" for claim in CATALOGUE.types[type_].claims)
    assert (name in shown) == has_name or type_ == "payment"


def test_a_credential_comes_from_stdin_too(issue: Issue, verify: Any) -> None:
    accepted(verify("-", stdin=issue().read_bytes()))


def test_an_mdoc_comes_in_cbor_too(issue: Issue, verify: Any, tmp_path: Path) -> None:
    raw = tmp_path / "mdoc.cbor"
    raw.write_bytes(parse_base64url(issue("pid", "mso_mdoc").read_text().strip(), what="mdoc"))
    accepted(verify(raw))


def test_the_verdict_is_for_people_without_json(zegel: Any, issue: Issue, sandbox: Sandbox) -> None:
    good = zegel("verify", issue(), "--trust", sandbox.trust_folder, "--at", NOW)
    assert (good.code, good.err, good.out.splitlines()[0]) == (0, "", "accepted")
    assert "nothing shows who holds it" in good.out
    bad = zegel("verify", issue(), "--trust", sandbox.trust_folder, "--at", NOW + 365 * DAY)
    assert (bad.code, bad.out.splitlines()[0]) == (1, "rejected")
    assert "remedy" in bad.out


@pytest.mark.parametrize("type_", ["org.iso.18013.5.1.mDL", "urn:eudi:pid:2", ""])
@pytest.mark.refuses(Check.QUERY_TYPE)
def test_another_type_than_the_one_asked_for_is_refused(issue: Issue, verify: Any, type_: str) -> None:
    assert refused(verify(issue(), "--type", type_), Check.QUERY_TYPE)["field"] == "type"


@FORMATS
@pytest.mark.parametrize(
    ("at", "check"),
    [
        (NOW - DAY, Check.CREDENTIAL_VALIDITY),
        (NOW + 20 * DAY, Check.CREDENTIAL_VALIDITY),
    ],
)
def test_a_credential_has_its_time(issue: Issue, verify: Any, format_: Format, at: int, check: Check) -> None:
    if at < NOW:
        said = verify(issue("pid", format_), at=at).json
        assert said["check"] in ("credential-validity", "list-freshness")  # the lists are of today, too
        return
    refused(verify(issue("pid", format_, "--days", 19), at=at), check)


@pytest.mark.parametrize("text", ["2026-11-22T00:00:00Z", "2026-11-22", "2026-11-22T01:00:00+01:00", str(NOW)])
def test_a_time_is_written_in_several_ways(zegel: Any, issue: Issue, sandbox: Sandbox, text: str) -> None:
    assert zegel("verify", issue(), "--trust", sandbox.trust_folder, "--at", text).code == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "-1",
        "1.5",
        "9" * 20,
        "9" * 5_000,
        "2026-02-30",
        "²",
        "٣",
        "0001-01-01T00:00:00+14:00",
        "2026-11-22T25:00Z",
    ],
    ids=lambda text: text[:24],
)
def test_another_time_is_malformed(zegel: Any, issue: Issue, sandbox: Sandbox, text: str) -> None:
    ran = zegel("verify", issue(), "--trust", sandbox.trust_folder, f"--at={text}", "--json", "--no-network")
    if text.startswith("0001"):  # a time, but one before everything
        assert ran.code in (1, 2)
        return
    assert refused(ran, Check.SYNTAX, code=2)["field"] == "--at"


# --- presented ------------------------------------------------------------------------------------------------------


@FORMATS
def test_a_presentation_is_verified_against_its_challenge(issue: Issue, verify: Any, format_: Format) -> None:
    file = present(issue("pid", format_), format_)
    said = accepted(verify(file, *BOUND[format_]))
    assert said["credential"]["holder_bound"] is True
    assert said["detail"] == "a presentation: its holder answered the nonce"
    assert "Erika" not in json.dumps(said["credential"])


@pytest.mark.slow
@pytest.mark.parametrize("encrypted", [True, False])
def test_an_mdoc_is_verified_against_a_transcript(issue: Issue, verify: Any, encrypted: bool) -> None:
    file = present(issue("pid", "mso_mdoc"), Format.MDOC, encrypted=encrypted)
    thumbprint = fixed_key("response key").public_key.thumbprint() if encrypted else None
    transcript = redirect_transcript(
        client_id=CLIENT_ID, nonce=NONCE, response_uri=RESPONSE_URI, encryption_key_thumbprint=thumbprint
    )
    for spelled in (transcript.encoded.hex(), transcript.encoded.hex().upper()):
        accepted(verify(file, "--transcript", spelled))
    by_parts = ("--jwk-thumbprint", THUMBPRINT) if encrypted else ()
    accepted(verify(file, *BOUND[Format.MDOC], *by_parts))
    wrong = () if encrypted else ("--jwk-thumbprint", THUMBPRINT)
    refused(verify(file, *BOUND[Format.MDOC], *wrong), Check.HOLDER_SIGNATURE)


@FORMATS
@pytest.mark.parametrize(
    ("option", "value", "check"),
    [
        ("--nonce", "another", {Format.SD_JWT_VC: Check.NONCE, Format.MDOC: Check.HOLDER_SIGNATURE}),
        ("--client-id", "x509_hash:b", {Format.SD_JWT_VC: Check.AUDIENCE, Format.MDOC: Check.HOLDER_SIGNATURE}),
    ],
)
def test_a_presentation_for_another_challenge_is_refused(
    issue: Issue, verify: Any, format_: Format, option: str, value: str, check: dict[Format, Check]
) -> None:
    file = present(issue("pid", format_), format_)
    options = {"--nonce": NONCE, "--client-id": CLIENT_ID, "--response-uri": RESPONSE_URI} | {option: value}
    refused(verify(file, *(text for pair in options.items() for text in pair)), check[format_])


@FORMATS
@pytest.mark.refuses(Check.HOLDER_BINDING)
def test_without_a_nonce_only_an_issued_credential_is_accepted(issue: Issue, verify: Any, format_: Format) -> None:
    said = refused(verify(present(issue("pid", format_), format_)), Check.HOLDER_BINDING)
    assert "expected an issued credential" in said["detail"]


@FORMATS
@pytest.mark.refuses(Check.HOLDER_BINDING)
def test_with_a_nonce_only_a_presentation_is_accepted(issue: Issue, verify: Any, format_: Format) -> None:
    refused(verify(issue("pid", format_), *BOUND[format_]), Check.HOLDER_BINDING)


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--audience", "--client-id", "--response-uri", "--jwk-thumbprint"])
@pytest.mark.refuses(Check.HOLDER_BINDING)
def test_part_of_a_challenge_asks_for_a_presentation_too(issue: Issue, verify: Any, option: str) -> None:
    value = {"--response-uri": RESPONSE_URI, "--jwk-thumbprint": THUMBPRINT}.get(option, CLIENT_ID)
    refused(verify(issue("pid", "mso_mdoc"), option, value), Check.HOLDER_BINDING)
    assert refused(verify(issue(), option, value), Check.SYNTAX, code=2)["field"] == "--nonce"


@FORMATS
def test_a_challenge_for_two_at_once_is_wrong_usage(issue: Issue, verify: Any, format_: Format) -> None:
    file = present(issue("pid", format_), format_)
    whole = ("--nonce", NONCE, "--response-uri", RESPONSE_URI)
    accepted(verify(file, *whole, "--audience", CLIENT_ID, "--client-id", CLIENT_ID))
    for audience, client_id in ((CLIENT_ID, "other"), ("other", CLIENT_ID), (CLIENT_ID, CLIENT_ID + " ")):
        said = refused(verify(file, *whole, "--audience", audience, "--client-id", client_id), Check.SYNTAX, code=2)
        assert said["field"] == "--audience and --client-id"


@FORMATS
@pytest.mark.parametrize("presented", [True, False], ids=["presented", "issued"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--nonce", ""),
        ("--audience", ""),
        ("--client-id", ""),
        ("--response-uri", ""),
        ("--response-uri", "verifier.utopia.example"),
        ("--response-uri", "https://verifier.utopia.example/a b"),
        ("--jwk-thumbprint", ""),
        ("--jwk-thumbprint", "!!"),
        ("--jwk-thumbprint", THUMBPRINT[:-2]),
        ("--transcript", ""),
        ("--transcript", "not hexadecimal"),
        ("--transcript", "80"),
    ],
)
def test_a_malformed_part_of_a_challenge_is_wrong_usage_whatever_is_judged(
    issue: Issue, verify: Any, format_: Format, presented: bool, option: str, value: str
) -> None:
    file = present(issue("pid", format_), format_) if presented else issue("pid", format_)
    options = {} if option == "--transcript" else {"--nonce": NONCE, "--client-id": CLIENT_ID}
    said = refused(
        verify(file, *(text for pair in (options | {option: value}).items() for text in pair)), Check.SYNTAX, code=2
    )
    assert said["field"] == option


def test_what_an_sd_jwt_is_not_bound_to_is_said_not_to_be_compared(issue: Issue, verify: Any) -> None:
    file = present(issue(), Format.SD_JWT_VC)
    more = ("--response-uri", "https://elsewhere.example", "--jwk-thumbprint", THUMBPRINT)
    assert accepted(verify(file, *BOUND[Format.SD_JWT_VC], *more))["detail"] == (
        "a presentation: its holder answered the nonce; --response-uri was not compared, for an SD-JWT names none; "
        "--jwk-thumbprint was not compared, for an SD-JWT names none"
    )


@FORMATS
@pytest.mark.requirement("OIA_17")
def test_a_thief_is_refused(issue: Issue, verify: Any, format_: Format) -> None:
    file = present(issue("pid", format_), format_, holder=fixed_key("thief"))
    refused(verify(file, *BOUND[format_]), Check.HOLDER_SIGNATURE)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--nonce", NONCE), "--audience"),
        (("--transcript", "83f6f6"), "--transcript"),
        (("--nonce", NONCE, "--audience", CLIENT_ID, "--transcript", "83f6f6"), "--transcript"),
    ],
)
def test_an_sd_jwt_is_judged_by_nonce_and_audience(
    issue: Issue, verify: Any, options: tuple[str, ...], field: str
) -> None:
    file = present(issue(), Format.SD_JWT_VC)
    assert refused(verify(file, *options), Check.SYNTAX, code=2)["field"] == field


@pytest.mark.parametrize(
    ("options", "check", "code"),
    [
        ((), Check.HOLDER_BINDING, 1),
        (("--nonce", NONCE), Check.HOLDER_BINDING, 1),
        (("--nonce", NONCE, "--client-id", CLIENT_ID), Check.HOLDER_BINDING, 1),
        (("--client-id", CLIENT_ID, "--response-uri", RESPONSE_URI), Check.HOLDER_BINDING, 1),
        ((*BOUND[Format.MDOC], "--jwk-thumbprint", "no base64url!"), Check.SYNTAX, 2),
        (("--transcript", "not hexadecimal"), Check.SYNTAX, 2),
        (("--transcript", ""), Check.SYNTAX, 2),
        (("--transcript", "80"), Check.SYNTAX, 2),
        (("--transcript", "83f6f6f6", "--nonce", NONCE), Check.SYNTAX, 2),
        (("--transcript", "83f6f6f6", "--client-id", CLIENT_ID), Check.SYNTAX, 2),
    ],
)
def test_an_mdoc_is_judged_by_its_whole_transcript(
    issue: Issue, verify: Any, options: tuple[str, ...], check: Check, code: int
) -> None:
    refused(verify(present(issue("pid", "mso_mdoc"), Format.MDOC), *options), check, code=code)


# --- the query ------------------------------------------------------------------------------------------------------


def pid_query(*paths: list[str], format_: Format = Format.SD_JWT_VC, id_: str = "pid") -> dict[str, Any]:
    meta = {"vct_values": ["urn:eudi:pid:1"]}
    if format_ is Format.MDOC:
        meta = {"doctype_value": "eu.europa.ec.eudi.pid.1"}
    return {"id": id_, "format": str(format_), "meta": meta, "claims": [{"path": path} for path in paths]}


NAME = {Format.SD_JWT_VC: ["family_name"], Format.MDOC: ["eu.europa.ec.eudi.pid.1", "family_name"]}
GIVEN = {Format.SD_JWT_VC: ["given_name"], Format.MDOC: ["eu.europa.ec.eudi.pid.1", "given_name"]}


@pytest.fixture
def query(tmp_path: Path) -> Callable[..., Path]:
    def write(*credentials: dict[str, Any], **members: Any) -> Path:
        file = tmp_path / "query.json"
        file.write_text(json.dumps({"credentials": list(credentials)} | members))
        return file

    return write


@FORMATS
def test_a_presentation_satisfies_its_query(issue: Issue, verify: Any, query: Any, format_: Format) -> None:
    file = present(issue("pid", format_), format_)
    satisfied = query(pid_query(NAME[format_], format_=format_))
    accepted(verify(file, *BOUND[format_], "--query", satisfied))


def test_a_query_comes_from_stdin_too(issue: Issue, verify: Any, query: Any) -> None:
    file, asked = present(issue("pid"), Format.SD_JWT_VC), query(pid_query(["family_name"]))
    accepted(verify(file, *BOUND[Format.SD_JWT_VC], "--query", "-", stdin=asked.read_bytes(), network=True))


@FORMATS
@pytest.mark.refuses(Check.QUERY_CLAIMS)
def test_what_is_not_disclosed_satisfies_no_query(issue: Issue, verify: Any, query: Any, format_: Format) -> None:
    file = present(issue("pid", format_), format_)
    more = query(pid_query(NAME[format_], GIVEN[format_], format_=format_))
    refused(verify(file, *BOUND[format_], "--query", more), Check.QUERY_CLAIMS)


def test_among_several_the_query_for_its_type_counts(issue: Issue, verify: Any, query: Any) -> None:
    file = present(issue(), Format.SD_JWT_VC)
    diploma = {"id": "d", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:x"]}, "claims": [{"path": ["x"]}]}
    either = query(
        diploma, pid_query(NAME[Format.SD_JWT_VC]), credential_sets=[{"options": [["d"], ["pid"]], "required": True}]
    )
    accepted(verify(file, *BOUND[Format.SD_JWT_VC], "--query", either))
    both = query(diploma, pid_query(NAME[Format.SD_JWT_VC]))
    refused(verify(file, *BOUND[Format.SD_JWT_VC], "--query", both), Check.QUERY)


@FORMATS
def test_any_query_for_its_type_may_be_the_one_that_it_answers(
    issue: Issue, verify: Any, query: Any, format_: Format
) -> None:
    file = present(issue("pid", format_), format_)
    given = pid_query(GIVEN[format_], format_=format_, id_="a")
    name = pid_query(NAME[format_], format_=format_, id_="b")
    either = {"credential_sets": [{"options": [["a"], ["b"]]}]}
    for queries in ((given, name), (name, given)):
        accepted(verify(file, *BOUND[format_], "--query", query(*queries, **either)))
    neither = query(given, given | {"id": "b"}, **either)
    assert refused(verify(file, *BOUND[format_], "--query", neither), Check.QUERY_CLAIMS)["field"] == "vp_token.a"
    refused(verify(file, *BOUND[format_], "--query", query(given, name)), Check.QUERY)


def test_a_presentation_that_no_option_has_a_place_for_answers_nothing(issue: Issue, verify: Any, query: Any) -> None:
    file = present(issue(), Format.SD_JWT_VC)
    given, name = pid_query(["given_name"], id_="a"), pid_query(["family_name"], id_="b")
    optional = {"credential_sets": [{"options": [["a", "b"]], "required": False}]}
    refused(verify(file, *BOUND[Format.SD_JWT_VC], "--query", query(given, name, **optional)), Check.QUERY)


@pytest.mark.parametrize(
    ("credential", "check"),
    [
        ({"id": "d", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:x"]}}, Check.QUERY_TYPE),
        ({"id": "d", "format": "mso_mdoc", "meta": {"doctype_value": "x"}}, Check.QUERY_TYPE),
    ],
)
def test_a_query_for_something_else_is_not_satisfied(
    issue: Issue, verify: Any, query: Any, credential: dict[str, Any], check: Check
) -> None:
    file = present(issue(), Format.SD_JWT_VC)
    refused(verify(file, *BOUND[Format.SD_JWT_VC], "--query", query(credential)), check)


@pytest.mark.refuses(Check.HOLDER_BINDING)
def test_an_issued_credential_answers_no_query(issue: Issue, verify: Any, query: Any) -> None:
    refused(verify(issue(), "--query", query(pid_query(NAME[Format.SD_JWT_VC]))), Check.HOLDER_BINDING)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"credentials":[]}'])
def test_a_query_that_does_not_parse_is_malformed(issue: Issue, verify: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "query.json").write_text(text)
    file = present(issue(), Format.SD_JWT_VC)
    options = (*BOUND[Format.SD_JWT_VC], "--query", tmp_path / "query.json")
    refused(verify(file, *options), Check.SYNTAX, code=2)


# --- status ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def status_list(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Path]:
    """Sign a status list in which entry 3 and the last one are revoked, with the sandbox's own signer."""
    keys = sandbox.config.parent / "keys"

    def write(
        format_: StatusListFormat = StatusListFormat.JWT,
        *,
        uri: str = STATUS_URI,
        by: str = "issuer",
        entries: int = 1_000,
    ) -> Path:
        signer = load_signer(keys / f"{by}.key.pem", keys / f"{by}.pem")
        sign = sign_status_list_jwt if format_ is StatusListFormat.JWT else sign_status_list_cwt
        token = sign(
            compress(empty_status_list(entries, bits=1).updated({3: 1, entries - 1: 1})),
            uri=uri,
            signer=signer.signer,
            chain=signer.chain,
            now=NOW,
            expires=NOW + 3_600,
            ttl=600,
        )
        file = tmp_path / "status.token"
        file.write_bytes(token + (b"\n" if format_ is StatusListFormat.JWT else b""))
        return file

    return write


@pytest.mark.slow
@FORMATS
@pytest.mark.parametrize("list_format", list(StatusListFormat), ids=str)
@pytest.mark.requirement("PPNot_03a")
def test_a_status_list_comes_from_a_file(
    issue: Issue, verify: Any, status_list: Any, format_: Format, list_format: StatusListFormat
) -> None:
    options = ("--status-uri", STATUS_URI, "--status-index")
    said = accepted(verify(issue("pid", format_, *options, 2), "--status", status_list(list_format)))
    assert said["credential"]["status"] == "valid"
    refused(verify(issue("pid", format_, *options, 3), "--status", status_list(list_format)), Check.STATUS)
    refused(verify(issue("pid", format_, *options, 5_000), "--status", status_list(list_format)), Check.STATUS)


@FORMATS
@pytest.mark.parametrize("list_format", list(StatusListFormat), ids=str)
def test_a_status_list_may_have_ten_million_entries(
    issue: Issue, verify: Any, status_list: Any, format_: Format, list_format: StatusListFormat
) -> None:
    options = ("--status-uri", STATUS_URI, "--status-index")
    listed = status_list(list_format, entries=10_000_000)
    refused(verify(issue("pid", format_, *options, 9_999_999), "--status", listed), Check.STATUS)
    said = accepted(verify(issue("pid", format_, *options, 9_999_998), "--status", listed))
    assert said["credential"]["status"] == "valid"


def test_a_status_that_is_not_looked_up_is_said_to_be(issue: Issue, verify: Any) -> None:
    file = issue("pid", "dc+sd-jwt", "--status-uri", STATUS_URI, "--status-index", 3)
    assert accepted(verify(file))["credential"]["status"] == "not looked up"


@pytest.mark.refuses(Check.STATUS_LIST)
def test_another_list_says_nothing(issue: Issue, verify: Any, status_list: Any) -> None:
    file = issue("pid", "dc+sd-jwt", "--status-uri", STATUS_URI, "--status-index", 2)
    refused(verify(file, "--status", status_list(uri=STATUS_URI + "/other")), Check.STATUS_LIST)


def test_a_list_of_a_stranger_says_nothing(issue: Issue, verify: Any, status_list: Any) -> None:
    file = issue("pid", "dc+sd-jwt", "--status-uri", STATUS_URI, "--status-index", 2)
    said = verify(file, "--status", status_list(by="wallet-provider")).json
    assert said["check"] in ("anchor", "certificate-profile")


def test_an_expired_list_says_nothing(issue: Issue, verify: Any, status_list: Any) -> None:
    file = issue("pid", "dc+sd-jwt", "--status-uri", STATUS_URI, "--status-index", 2)
    refused(verify(file, "--status", status_list(), at=NOW + 3_600), Check.STATUS_FRESHNESS)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xd2\x84"])
def test_a_list_that_does_not_parse_is_malformed(issue: Issue, verify: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list").write_bytes(content)
    file = issue("pid", "dc+sd-jwt", "--status-uri", STATUS_URI, "--status-index", 2)
    refused(verify(file, "--status", tmp_path / "list"), Check.SYNTAX, code=2)


@FORMATS
def test_a_list_that_was_given_is_read_also_where_no_status_is_named(
    issue: Issue, verify: Any, status_list: Any, tmp_path: Path, format_: Format
) -> None:
    file = issue("pid", format_)
    refused(verify(file, "--status", tmp_path / "missing"), Check.AVAILABILITY, code=3)
    (tmp_path / "list").write_bytes(b"nonsense")
    refused(verify(file, "--status", tmp_path / "list"), Check.SYNTAX, code=2)
    said = accepted(verify(file, "--status", status_list()))
    assert said["credential"]["status"] == "no status"
    assert said["detail"] == (
        "an issued credential: nothing shows who holds it; it names no status, and nothing was looked up in the list "
        "of --status"
    )


@pytest.mark.refuses(Check.STATUS_LIST)
def test_a_list_of_the_other_kind_is_read_and_says_nothing(
    issue: Issue, verify: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    keys = sandbox.config.parent / "keys"
    signer = load_signer(keys / "issuer.key.pem", keys / "issuer.pem")
    times = {"now": NOW, "expires": NOW + 3_600, "ttl": 600}
    listed = tmp_path / "identifiers"
    listed.write_bytes(sign_identifier_list([b"1"], uri=STATUS_URI, signer=signer.signer, chain=signer.chain, **times))
    refused(verify(issue("pid", "mso_mdoc", *LISTED), "--status", listed), Check.STATUS_LIST)
    assert accepted(verify(issue(), "--status", listed))["credential"]["status"] == "no status"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/status/1", "https://status.invalid/1", "https://[::1]/1"])
@pytest.mark.refuses(Check.AVAILABILITY)
def test_a_list_that_cannot_be_fetched_is_unavailable(issue: Issue, verify: Any, uri: str) -> None:
    file = issue("pid", "dc+sd-jwt", "--status-uri", uri, "--status-index", 2)
    refused(verify(file, network=True), Check.AVAILABILITY, code=3)


@pytest.fixture
def regional(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A credential of a type that is an address, from the sandbox's signer."""
    keys = sandbox.config.parent / "keys"
    signer = load_signer(keys / "issuer.key.pem", keys / "issuer.pem")
    issuer = SdJwtIssuer(signer=signer.signer, chain=signer.chain, vct="https://types.invalid/regional/1")
    file = tmp_path / "regional"
    times = {"issued_at": NOW, "valid_from": NOW, "valid_until": NOW + DAY}
    file.write_bytes(issuer.issue({}, holder_key=None, status=None, random=fixed_random("regional"), **times))
    return file


@pytest.mark.slow
def test_what_a_type_extends_is_asked_for_where_another_one_is_wanted(
    zegel: Any, sandbox: Sandbox, regional: Path
) -> None:
    root = sandbox.config.parent / "authorities" / "attestations.pem"
    revoked = sandbox.trust_folder / "crl" / "attestations.crl"
    judge = ("verify", regional, "--trust", root, revoked, "--at", NOW, "--json", "--type")
    assert zegel(*judge, "https://types.invalid/regional/1").json["verdict"] == "accepted"
    refused(zegel(*judge, "urn:eudi:pid:1", "--no-network"), Check.QUERY_TYPE)
    refused(zegel(*judge, "urn:eudi:pid:1"), Check.AVAILABILITY, code=3)


# --- trust ----------------------------------------------------------------------------------------------------------


@pytest.mark.refuses(Check.ANCHOR)
def test_another_authority_is_not_trusted(zegel: Any, issue: Issue, sandbox: Sandbox) -> None:
    other = sandbox.config.parent / "authorities" / "access.pem"
    refused(zegel("verify", issue(), "--trust", other, "--at", NOW, "--json"), Check.ANCHOR)


def test_a_certificate_that_one_vouches_for_is_trusted(zegel: Any, issue: Issue, sandbox: Sandbox) -> None:
    root = sandbox.config.parent / "authorities" / "attestations.pem"
    revoked = sandbox.trust_folder / "crl" / "attestations.crl"
    said = accepted(zegel("verify", issue(), "--trust", root, revoked, "--at", NOW, "--json"))
    assert said["credential"]["issuer"]["entity"] == "given by hand"


def test_a_folder_of_certificates_is_trusted_whole(zegel: Any, issue: Issue, sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "anchors"
    folder.mkdir()
    for name in ("attestations", "access"):
        (folder / f"{name}.pem").write_bytes((sandbox.config.parent / "authorities" / f"{name}.pem").read_bytes())
    (folder / "a.crl").write_bytes((sandbox.trust_folder / "crl" / "attestations.crl").read_bytes())
    accepted(zegel("verify", issue(), "--trust", folder, "--at", NOW, "--json"))


def test_several_paths_are_trusted_together(zegel: Any, issue: Issue, sandbox: Sandbox) -> None:
    authorities = sandbox.config.parent / "authorities"
    paths = ("--trust", authorities / "access.pem", "--trust", authorities / "attestations.pem")
    revoked = ("--trust", sandbox.trust_folder / "crl" / "attestations.crl")
    accepted(zegel("verify", issue(), *paths, *revoked, "--at", NOW, "--json"))


@pytest.mark.slow
def test_a_list_of_revoked_certificates_that_cannot_be_fetched_is_unavailable(
    zegel: Any, issue: Issue, sandbox: Sandbox, status_list: Any
) -> None:
    root = sandbox.config.parent / "authorities" / "attestations.pem"
    judge = ("verify", issue("pid", "dc+sd-jwt", *LISTED), "--trust", root, "--at", NOW, "--json")
    for option in ((), ("--status", status_list())):
        said = refused(zegel(*judge, *option), Check.AVAILABILITY, code=3)
        assert said["detail"].startswith("list of revoked certificates: trust.localhost: ")


@pytest.mark.slow
def test_a_list_that_the_signer_of_a_status_list_needs_is_no_less_unavailable(
    zegel: Any, issue: Issue, sandbox: Sandbox, status_list: Any
) -> None:
    authorities, crl = sandbox.config.parent / "authorities", sandbox.trust_folder / "crl"
    trust = ("--trust", authorities / "attestations.pem", authorities / "wallet-status.pem", crl / "attestations.crl")
    listed = status_list(by="wallet-status")
    judge = ("verify", issue("pid", "dc+sd-jwt", *LISTED), *trust, "--status", listed, "--at", NOW, "--json")
    refused(zegel(*judge), Check.AVAILABILITY, code=3)
    accepted(zegel(*judge, "--trust", crl / "wallet-status.crl"))


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Callable[..., None]:
    """Let the trust role of the sandbox answer with a status and, for one of its lists, with other bytes."""

    class Way(Loopback):
        async def aclose(self) -> None:
            """Nothing to close."""

    def serve(other: Mapping[str, bytes] = MappingProxyType({}), *, status: int = 200) -> None:
        async def answer(request: HttpRequest) -> HttpResponse:
            name = request.url.rpartition("/")[2]
            body = other.get(name) or (sandbox.trust_folder / "crl" / name).read_bytes()
            return HttpResponse(status=status, headers=(), body=body)

        way = Way({"http://trust.localhost:7107": answer})
        monkeypatch.setattr("zegel.cli.revocation.outbound_of", lambda _args: way)

    return serve


@pytest.mark.slow
def test_each_list_that_a_judgement_misses_is_fetched(
    zegel: Any, issue: Issue, sandbox: Sandbox, status_list: Any, serving: Callable[..., None]
) -> None:
    authorities = sandbox.config.parent / "authorities"
    trust = ("--trust", authorities / "attestations.pem", authorities / "wallet-status.pem")
    listed = status_list(by="wallet-status")
    judge = ("verify", issue("pid", "dc+sd-jwt", *LISTED), *trust, "--status", listed, "--at", NOW, "--json")
    serving()
    assert accepted(zegel(*judge))["detail"] == "an issued credential: nothing shows who holds it"
    serving(status=404)
    said = refused(zegel(*judge), Check.AVAILABILITY, code=3)
    assert said["detail"] == "list of revoked certificates: trust.localhost: expected status 200, got 404"


@pytest.mark.slow
@pytest.mark.parametrize("served", ["no list", "another authority's", "overdue"])
def test_a_list_that_was_had_and_says_nothing_in_time_is_refused_as_stale(
    zegel: Any, issue: Issue, sandbox: Sandbox, tmp_path: Path, serving: Callable[..., None], served: str
) -> None:
    folder = tmp_path / "sandbox"
    copytree(sandbox.config.parent, folder)
    renew_revocations(folder, now=NOW - 360 * DAY)
    crl = folder / "trust" / "crl"
    others = {"no list": b"none", "another authority's": (crl / "wallets.crl").read_bytes()}
    serving({"attestations.crl": others.get(served, (crl / "attestations.crl").read_bytes())})
    judge = ("verify", issue(), "--trust", folder / "authorities" / "attestations.pem", "--at", NOW, "--json")
    refused(zegel(*judge), Check.REVOCATION_STALE)


@pytest.mark.slow
def test_an_overdue_list_that_is_at_hand_is_refused_as_stale_and_nothing_is_fetched_for_it(
    zegel: Any, issue: Issue, sandbox: Sandbox, tmp_path: Path, serving: Callable[..., None]
) -> None:
    folder = tmp_path / "sandbox"
    copytree(sandbox.config.parent, folder)
    renew_revocations(folder, now=NOW - 360 * DAY)
    serving()
    root, revoked = folder / "authorities" / "attestations.pem", folder / "trust" / "crl" / "attestations.crl"
    for option in ((), ("--no-network",)):
        ran = zegel("verify", issue(), "--trust", root, revoked, "--at", NOW, "--json", *option)
        refused(ran, Check.REVOCATION_STALE)


@pytest.mark.slow
def test_without_a_network_what_nobody_knows_of_revocation_is_left_open_and_said_to_be(
    zegel: Any, issue: Issue, sandbox: Sandbox
) -> None:
    root = sandbox.config.parent / "authorities" / "attestations.pem"
    revoked = sandbox.trust_folder / "crl" / "attestations.crl"
    judge = ("verify", issue(), "--no-network", "--at", NOW, "--json", "--trust", root)
    unknown = "an issued credential: nothing shows who holds it; whether its signer is revoked was not looked up"
    assert accepted(zegel(*judge))["detail"] == unknown
    assert accepted(zegel(*judge, revoked))["detail"] == "an issued credential: nothing shows who holds it"


@pytest.mark.slow
def test_a_revoked_signer_is_refused_with_the_network_and_without(
    zegel: Any, issue: Issue, sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "sandbox"
    copytree(sandbox.config.parent, folder)
    credential = issue()
    (leaf,) = load_certificates(folder / "keys" / "issuer.pem")
    assert revoke_certificate(folder, leaf, now=NOW) == "attestations"
    for option in ((), ("--no-network",)):
        ran = zegel("verify", credential, "--trust", folder / "trust", "--at", NOW, "--json", *option)
        refused(ran, Check.CERTIFICATE_REVOKED)


@pytest.mark.slow
def test_what_is_revoked_is_listed_and_published_anew(zegel: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    copytree(sandbox.config.parent, folder)
    config = ("--config", folder / "zegel.toml")
    before = {each["issuer"]: each for each in zegel("crl", "list", *config, "--json").json["lists"]}
    zegel("crl", "revoke", folder / "keys" / "verifier-access.pem", *config)
    after = {each["issuer"]: each for each in zegel("crl", "renew", *config, "--json").json["lists"]}
    access = next(issuer for issuer in after if "access certificates 0" in issuer)
    assert before.keys() == after.keys()
    assert (before[access]["number"], after[access]["number"]) == (1, 3)
    assert (len(before[access]["revoked"]), len(after[access]["revoked"])) == (0, 1)
    assert after[access]["revoked"][0] in zegel("crl", "list", *config).out
    assert zegel("crl", "revoke", folder / "keys" / "issuer-web.pem", *config).code == 3


@pytest.mark.slow
def test_a_sandbox_without_an_authority_below_the_access_root_revokes_and_renews(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """As they were made before."""
    folder = tmp_path / "sandbox"
    copytree(sandbox.config.parent, folder)
    for file in (folder / "authorities").glob("access-issuing*"):
        file.unlink()
    (folder / "trust" / "crl" / "access-issuing.crl").unlink()
    (leaf, *_) = load_certificates(folder / "keys" / "registration.pem")
    assert revoke_certificate(folder, leaf, now=NOW) == "registration"
    assert "access-issuing" not in renew_revocations(folder, now=NOW)


@pytest.mark.parametrize("path", ["missing", "x" * 5_000, "empty"])
def test_trust_that_is_not_there_is_unavailable(zegel: Any, issue: Issue, tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    ran = zegel("verify", issue(), "--trust", tmp_path / path, "--at", NOW, "--json")
    refused(ran, Check.AVAILABILITY, code=3)


def test_a_list_that_was_changed_is_not_trusted(zegel: Any, issue: Issue, sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    for file in (each for each in sandbox.trust_folder.iterdir() if each.is_file()):
        data = file.read_bytes()
        changed = data[:-90] + (b"B" if data[-90:-89] == b"A" else b"A") + data[-89:]
        (folder / file.name).write_bytes(data if file.suffix == ".pem" else changed)
    said = zegel("verify", issue(), "--trust", folder, "--at", NOW, "--json").json
    assert (said["verdict"], said["check"]) in {("rejected", "signature"), ("malformed", "syntax")}


@pytest.mark.refuses(Check.LIST_FRESHNESS)
def test_an_overdue_list_is_not_trusted(issue: Issue, verify: Any) -> None:
    refused(verify(issue(), at=NOW + 180 * DAY), Check.LIST_FRESHNESS)


# --- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing", ".", "x" * 5_000])
def test_a_file_that_is_not_there_is_unavailable(verify: Any, tmp_path: Path, name: str) -> None:
    refused(verify(tmp_path / name), Check.AVAILABILITY, code=3)


def test_a_file_that_is_too_long_is_malformed(verify: Any, tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"~" * (1 << 23))
    for ran in (verify(file), verify("-", stdin=file.read_bytes())):
        assert "expected at most" in refused(ran, Check.SYNTAX, code=2)["detail"]


@FORMATS
@pytest.mark.refuses(Check.SIGNATURE)
def test_a_changed_signature_is_refused(issue: Issue, verify: Any, format_: Format) -> None:
    file = issue("pid", format_)
    text = file.read_text()
    if format_ is Format.SD_JWT_VC:
        jwt, rest = text.split("~", 1)
        file.write_text(f"{jwt[:-80]}{'A' if jwt[-80] != 'A' else 'B'}{jwt[-79:]}~{rest}")
    else:
        data = bytearray(parse_base64url(text.strip(), what="mdoc"))
        at = data.index(b"nameSpaces") - 20  # the signature ends the issuerAuth before it
        data[at] ^= 1
        file.write_text(base64url(bytes(data)))
    refused(verify(file), Check.SIGNATURE)


# --- issue ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def issue_command(zegel: Any, sandbox: Sandbox, tmp_path: Path) -> Callable[..., Any]:
    keys = sandbox.config.parent / "keys"

    def run(type_: str = "pid", *options: object, claims: object = None, **changes: object) -> Any:
        file = tmp_path / "claims.json"
        file.write_text(json.dumps(CLAIMS_OF["pid"] if claims is None else claims))
        arguments = {
            "--claims": file,
            "--holder": HOLDER_JWK,
            "--key": keys / "issuer.key.pem",
            "--chain": keys / "issuer.pem",
            "--at": NOW,
        } | {f"--{name}": value for name, value in changes.items()}
        return zegel("issue", type_, *(text for pair in arguments.items() for text in pair), *options)

    return run


def test_a_type_of_a_folder_is_issued_and_one_of_no_folder_is_wrong_usage(issue_command: Any, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    card = 'id = "card"\nnames.en = "Card"\ndescriptions.en = "A card"\nvalidity_days = 1\n[sd_jwt]\nvct = "urn:card"\n'
    (own / "card.toml").write_text(card + '[[claims]]\nid = "colour"\ntype = "text"\nnames.en = "Colour"\n')
    ran = issue_command("card", "--json", claims={"colour": "red"}, catalogue=own)
    assert (ran.code, ran.json["type"]) == (0, "urn:card")
    assert issue_command("card", "--json", claims={"colour": "red"}).json["field"] == "TYPE"
    missing = issue_command("card", "--json", catalogue=tmp_path / "nowhere")
    assert (missing.code, missing.json["check"]) == (3, "availability")


def test_issue_says_what_it_made(issue_command: Any, verify: Any) -> None:
    said = issue_command("pid", "--json").json
    assert said.keys() == {"format", "type", "credential"}
    assert (said["format"], said["type"]) == ("dc+sd-jwt", "urn:eudi:pid:1")
    accepted(verify("-", stdin=said["credential"].encode()))


def test_a_holder_may_be_a_file(issue_command: Any, tmp_path: Path) -> None:
    (tmp_path / "jwk").write_text(HOLDER_JWK)
    assert issue_command("pid", holder=tmp_path / "jwk").code == 0


@pytest.mark.parametrize(("type_", "format_"), [("mdl", "dc+sd-jwt"), ("proof_of_age", "dc+sd-jwt")])
@pytest.mark.refuses(Check.TYPE_FORMAT)
def test_a_type_has_its_formats(issue_command: Any, type_: str, format_: str) -> None:
    ran = issue_command(type_, "--format", format_, "--json", claims=CLAIMS_OF[type_])
    assert (ran.code, ran.json["check"]) == (1, "type-format")


@pytest.mark.refuses(Check.RECORD)
def test_a_record_is_held_against_its_type(issue_command: Any) -> None:
    for claims in ({}, CLAIMS_OF["pid"] | {"birth_date": "yesterday"}):
        ran = issue_command("pid", "--json", claims=claims)
        assert (ran.code, ran.json["check"]) == (1, "record")
        assert "yesterday" not in ran.out


@pytest.mark.parametrize(
    ("type_", "name", "expected"),
    [
        ("pid", "emial_address", "expected email_address"),
        ("pid", "birthdate", "expected birth_date"),
        ("mdl", "document_number", "expected licence_number"),
        ("pid", "x" * 5_000, "expected one of family_name, given_name, "),
        ("pid", "", "expected one of family_name, given_name, "),
    ],
)
def test_a_claim_that_the_type_does_not_know_is_wrong_usage(
    issue_command: Any, type_: str, name: str, expected: str
) -> None:
    ran = issue_command(type_, "--json", claims=CLAIMS_OF[type_] | {name: "secret"})
    assert (ran.code, ran.json["check"]) == (2, "syntax")
    assert ran.json["field"] == (name[:64] or Check.SYNTAX.field)
    assert f"the type {type_} has no claim {name[:64]}; " in ran.json["detail"]
    assert expected in ran.json["detail"]
    assert "secret" not in ran.out
    assert len(ran.out) < 2_000


@pytest.mark.refuses(Check.RECORD)
def test_a_missing_claim_of_an_mdl_cites_what_holds_for_an_mdl(issue_command: Any) -> None:
    claims = {name: value for name, value in CLAIMS_OF["mdl"].items() if name != "licence_number"}
    ran = issue_command("mdl", "--json", claims=claims)
    assert (ran.code, ran.json["check"], ran.json["field"]) == (1, "record", "licence_number")
    assert "ISO/IEC 18013-5" in ran.json["clause"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--days", "0"), "--days"),
        (("--days", "-1"), "--days"),
        (("--days", "99999"), "--days"),
        (("--status-uri", STATUS_URI), "--status-uri and --status-index"),
        (("--status-index", "1"), "--status-uri and --status-index"),
        (("--status-uri", STATUS_URI, "--status-index", "-1"), "--status-uri and --status-index"),
        (("--status-uri", STATUS_URI, "--status-index", "99999999999"), "--status-uri and --status-index"),
        (("--status-uri", "nonsense", "--status-index", "1"), Check.SYNTAX.field),
    ],
)
def test_an_option_out_of_range_is_malformed(issue_command: Any, options: tuple[str, ...], field: str) -> None:
    ran = issue_command("pid", "--json", *options)
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, "syntax", field)


@pytest.mark.parametrize(
    "holder",
    [
        "{}",
        "{",
        "{" * 5_000,
        '{"kty":"RSA"}',
        json.dumps(fixed_key("holder").secret_jwk()),
        json.dumps(fixed_key("holder").public_key.jwk() | {"x": "AAAA"}),
        '{"kty":"EC","kty":"EC"}',
    ],
    ids=lambda text: text[:20],
)
def test_a_holder_that_is_no_public_key_is_malformed(issue_command: Any, holder: str) -> None:
    ran = issue_command("pid", "--json", holder=holder)
    assert (ran.code, ran.json["check"]) == (2, "syntax")
    assert fixed_key("holder").secret_jwk()["d"] not in ran.out


def test_a_holders_key_may_be_on_another_curve_in_an_sd_jwt(issue_command: Any, verify: Any) -> None:
    holder = json.dumps(fixed_key("holder", Curve.P384).public_key.jwk())
    accepted(verify("-", stdin=issue_command("pid", holder=holder).out.encode()))


@pytest.mark.parametrize(
    "change", [{"key": "missing"}, {"chain": "missing"}, {"claims": "missing"}, {"holder": "missing"}]
)
def test_a_file_that_is_missing_is_unavailable(issue_command: Any, change: dict[str, str]) -> None:
    claims = change.pop("claims", None)
    options = ("--claims", claims) if claims else ()
    ran = issue_command("pid", "--json", *options, **change)
    assert (ran.code, ran.json["check"]) == (3, "availability")


def test_an_unknown_type_is_malformed(issue_command: Any) -> None:
    ran = issue_command("passport", "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")
    assert "pid" in ran.json["detail"]


def test_a_chain_of_another_key_is_unavailable(issue_command: Any, sandbox: Sandbox) -> None:
    ran = issue_command("pid", "--json", chain=sandbox.config.parent / "keys" / "verifier-access.pem")
    assert (ran.code, ran.json["check"]) == (3, "availability")
