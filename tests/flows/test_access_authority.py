"""Access certificates from the registration to the wallet: ordered, proven, issued, renewed, revoked."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.access_house import LIBRARY, AccessHouse, open_house
from zegel_testing.access_requests import HOST, stolen_request
from zegel_testing.authorities import DAY, fixed_key
from zegel_testing.crowds import crowd
from zegel_testing.register import PARTY
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.files import create_owner_only, replace_owner_only
from zegel.adapters.root_vault import open_root
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.crl import MAX_REVOKED, parse_crl
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import parse_object
from zegel.primitives.jws import parse_jws
from zegel.primitives.x509 import parse_pem_certificates
from zegel.trust.access import certificate_client_id, verify_access_chain, verify_party
from zegel.trust.anchors import Purpose
from zegel.trust.registration.parse import parse_registration

pytestmark = pytest.mark.anyio


def chain_of(issued: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(each.der for each in parse_pem_certificates(issued["chain"].encode(), what="chain"))


def verdict(house: AccessHouse, issued: dict[str, Any]) -> Check | None:
    """What a wallet makes of a certificate, by what it has fetched."""
    try:
        verify_access_chain(
            chain_of(issued), anchors=house.trust.anchors, timestamps_required=True, now=house.clock.now()
        )
    except Rejected as refusal:
        return refusal.check
    return None


@pytest.mark.requirement("RPA_02")
@pytest.mark.requirement("Reg_10")
@pytest.mark.requirement("Reg_10a")
@pytest.mark.requirement("Reg_10b")
async def test_what_is_registered_is_certified_and_a_wallet_sees_who_asks(tmp_path: Path) -> None:
    """ARF 3.0 Reg_10, Reg_10a, Reg_10b, Reg_31 to Reg_35; CT_01, CT_04: under an authority below an offline root."""
    async with open_house(tmp_path) as house:
        await house.register()
        issued = await house.issue()
        x5c = chain_of(issued)
        leaf = parse_pem_certificates(issued["chain"].encode(), what="chain")[0]
        party = verify_party(
            client_id=certificate_client_id(leaf),
            x5c=x5c,
            anchors=house.trust.anchors,
            timestamps_required=True,
            now=house.clock.now(),
        )
        assert (party.name, party.identifier, party.service, party.dns_names) == (
            "Utopia Library",
            LIBRARY,
            "lending",
            (HOST,),
        )
        assert len(party.chain.between) == 1
        assert party.chain.anchor.purpose is Purpose.ACCESS


async def test_the_register_shows_the_certificate(tmp_path: Path) -> None:
    """TS5 1.3 section 3.2.1: where it was logged accompanies the answers."""
    async with open_house(tmp_path) as house:
        await house.register()
        issued = await house.issue()
        listener = house.listener("registrar")
        request = HttpRequest(method="GET", url=f"{listener.origin}/wrp/{LIBRARY}", peer="192.0.2.1")
        answer = await listener.handle(request)
        claims = parse_jws(answer.body, what="answer", max_bytes=1 << 20).unverified_claims
        (record,) = claims["accessCertificates"][LIBRARY]
        assert record["expires"] == issued["until"] - 1
        assert record["log"] == house.config.transparency_log.origin


@pytest.mark.slow
async def test_what_the_register_refuses_is_named_and_told_again_when_that_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register is full of this party's certificates; whoever operates the authority sees it, and tries again."""
    async with open_house(tmp_path) as house:
        await house.register()
        with monkeypatch.context() as full:
            full.setattr("zegel.services.register_reader.MAX_ACCESS_CERTIFICATES", 1)
            first = await house.issue()
            second = await house.issue(fixed_key("another"))
            await house.act()
            (record,) = [each for each in caplog.records if each.message == "report" and each.exc_info]
            assert isinstance(record.exc_info[1], Rejected)
            assert record.exc_info[1].check is Check.ACCESS_REPORT
            assert (await notices(house))[0].startswith("reports: the register refused 1")
            _, page = await house.operate("GET", "/reports")
            (refused,) = page["refused"]
            assert (refused["serial"], refused["identifier"]) == (second["serial"], LIBRARY)
            assert "expected at most 1 of one party" in refused["reason"]
            assert (await house.operate("GET", f"/reports?after={page['after']}"))[1]["refused"] == []
            assert (await house.operate("GET", "/reports?after=x"))[0] == 400
            _, again = await house.operate("POST", "/reports/retry", {})
            assert again == {"again": 1, "refused": 1}
        _, again = await house.operate("POST", "/reports/retry", {})
        assert again == {"again": 1, "refused": 0}
        assert await notices(house) == []
        assert len({first["serial"], second["serial"]}) == 2


@pytest.mark.slow
async def test_a_list_of_revoked_certificates_that_fills_up_is_said_with_what_to_do(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        revocation = house.listener().handle.__self__._role.revocation  # type: ignore[attr-defined]
        (issuing,) = revocation._issuing
        now = house.clock.now()
        crowd(revocation._store, issuing, MAX_REVOKED * 4 // 5, at=now, until=now + DAY, revoked=True)
        assert await notices(house) == []
        assert (await house.operate("POST", "/crl/publish", {}))[0] == 200
        (said,) = await notices(house)
        assert said.startswith(f"revocations: {issuing.key_id}.crl has 16000 of 20000 entries; have the root revoke")


async def notices(house: AccessHouse) -> list[str]:
    """What the access authority says beside being ready."""
    listener = house.listener()
    answer = await listener.handle(HttpRequest(method="GET", url=listener.origin + "/readyz"))
    members = parse_object(answer.body, what="answer")
    assert members["ready"], members
    return list(members.get("notices", []))


async def test_before_it_is_approved_nobody_gets_a_certificate(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        status, answer = await house.order()
        assert (status, answer["check"], answer["field"]) == (403, "access-registration", "identifier")


@pytest.mark.slow
@pytest.mark.parametrize("decision", ["suspend", "cancel"])
async def test_whose_registration_ends_gets_none_and_loses_what_there_is(tmp_path: Path, decision: str) -> None:
    """ARF 3.0 Reg_13."""
    async with open_house(tmp_path) as house:
        await house.register()
        issued = await house.issue()
        _, open_order = await house.order(key=fixed_key("another"))
        house.serve(open_order)
        await house.decide(decision)
        assert (await house.finish(open_order))[1]["check"] == "access-registration"
        assert (await house.order())[1]["check"] == "access-registration"
        await house.act()
        await house.trust.refresh()
        assert verdict(house, issued) is Check.CERTIFICATE_REVOKED
        _, found = await house.operate("GET", "/certificates")
        assert found["certificates"][0]["standing"] == "revoked"
        assert decision in found["certificates"][0]["reason"]


@pytest.mark.slow
@pytest.mark.requirement("Reg_31")
@pytest.mark.requirement("Reg_32a")
@pytest.mark.requirement("Reg_34")
@pytest.mark.requirement("RPRC_06")
@pytest.mark.requirement("RPRC_07a")
async def test_access_and_registration_certificates_have_the_same_names_after_a_change_too(tmp_path: Path) -> None:
    """What was certified under the old name is revoked at the next look, and what is ordered then has the new one."""
    loans = [PARTY["services"][0] | {"serviceTradeName": "Loans"}, PARTY["services"][1]]
    async with open_house(tmp_path) as house:
        await house.register()
        old = await house.issue()
        assert names_of(old) == await registered_names(house) == ("Utopia Library", "Lending desk")
        await house.register(tradeName="Utopia Media Library", services=loans)
        new = await house.issue(fixed_key("another"))
        assert names_of(new) == await registered_names(house) == ("Utopia Media Library", "Loans")
        await house.act()
        await house.trust.refresh()
        assert (verdict(house, old), verdict(house, new)) == (Check.CERTIFICATE_REVOKED, None)
        _, told = await house.operate("GET", "/certificates")
        assert "trade name" in told["certificates"][0]["reason"]


def names_of(issued: dict[str, Any]) -> tuple[str, str]:
    """By what names an access certificate calls the party and the Service."""
    names = parse_pem_certificates(issued["chain"].encode(), what="chain")[0].names
    return names["O"], names["CN"]


async def registered_names(house: AccessHouse) -> tuple[str, str]:
    """The same of the registration certificates of the Service that count."""
    _, told = await house.operate("GET", f"/registrations/{LIBRARY}", role="registrar")
    found = {
        (certificate.name, str(certificate.service_name))
        for each in told["certificates"]
        if each["revoked"] is None and each["serviceIdentifier"] == "lending"
        for certificate in (parse_registration(each["certificate"]).unverified_certificate,)
    }
    (names,) = found
    return names


async def test_a_wrong_token_ends_the_order_and_a_right_one_is_used_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.register()
        _, order = await house.order()
        house.serve(order)
        (path,) = house.served
        right, house.served[path] = house.served[path], b"another token"
        status, refusal = await house.finish(order)
        assert (status, refusal["check"]) == (403, "host-control")
        assert refusal["field"] == f"https://{HOST}{path}"
        house.served[path] = right
        assert (await house.finish(order))[0] == 409
        _, again = await house.order()
        house.served = dict.fromkeys(
            (each["url"].removeprefix(f"https://{HOST}") for each in again["challenges"]), right
        )
        assert (await house.finish(again))[1]["check"] == "host-control", "the token of one order replayed in another"
        issued = await house.issue()
        assert (await house.finish(issued))[1]["check"] == "access-order", "and an order that is issued"


async def test_an_authority_certifies_no_host_of_others_and_no_key_of_others(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.register()
        status, answer = await house.order("bank.utopia.example")
        assert (status, answer["check"], answer["field"]) == (400, "access-host", "request.subjectAltName[0]")
        stolen = x509.load_der_x509_csr(stolen_request()).public_bytes(Encoding.PEM).decode()
        status, answer = await house.order(request=stolen)
        assert (status, answer["check"], answer["field"]) == (400, "certificate-request", "request.signature")


async def test_a_host_that_is_away_is_asked_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.register()
        _, order = await house.order()
        house.serve(order)
        library = house.handlers.pop(f"https://{HOST}")
        status, answer = await house.finish(order)
        assert (status, answer["check"]) == (503, "availability")
        house.handlers[f"https://{HOST}"] = library
        assert (await house.finish(order))[0] == 201


async def test_a_log_that_refuses_leaves_the_order_proven(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.register()
        _, order = await house.order()
        house.serve(order)
        origin = house.config.transparency_log.origin
        log = house.handlers[origin]

        async def refuse(_: HttpRequest) -> HttpResponse:
            return HttpResponse(status=400, body=b"{}")

        async def babble(_: HttpRequest) -> HttpResponse:
            return HttpResponse(status=200, body=b'{"sct": 7}')

        for wrong in (refuse, babble):
            house.handlers[origin] = wrong
            assert (await house.finish(order))[0] == 503
        response = await house.send("GET", f"/orders/{order['order']}")
        assert parse_object(response.body, what="order")["standing"] == "proven"
        house.handlers[origin] = log
        assert (await house.finish(order))[0] == 201


@pytest.mark.parametrize(
    ("missing", "step"), [("the list", "finish"), ("the log", "finish"), ("the register", "order")]
)
async def test_without_one_of_its_neighbours_the_step_that_needs_it_fails(
    tmp_path: Path, missing: str, step: str
) -> None:
    config = sandbox_at(tmp_path)
    if missing == "the list":
        config = replace(config, trusted_lists=tuple(each for each in config.trusted_lists if each.purpose != "access"))
    async with open_house(tmp_path, config) as house:
        await house.register()
        if missing == "the log":
            del house.handlers[config.transparency_log.origin]
        if missing == "the register":
            del house.handlers[config.access_authority.registrar]
        status, order = await house.order()
        if step == "finish":
            assert status == 201
            house.serve(order)
            status, order = await house.finish(order)
        assert (status, order["check"]) == (503, "availability")


async def test_a_certificate_is_renewed_while_the_old_one_stays_good(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.register()
        first = await house.issue()
        house.clock.advance(DAY // 2)
        second = await house.issue(fixed_key("the next instance"))
        assert [verdict(house, each) for each in (first, second)] == [None, None]
        assert first["serial"] != second["serial"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "meant",
    [
        lambda issued: {"certificate": issued["serial"]},
        lambda issued: {"identifier": LIBRARY},
        lambda issued: {"issued": {}, "confirm": 1},
    ],
    ids=["one", "a party's", "all"],
)
@pytest.mark.requirement("Reg_12")
async def test_a_wallet_sees_a_revocation_when_its_list_is_over_and_not_before(tmp_path: Path, meant: Any) -> None:
    """ARF 3.0 Reg_12. The list that a wallet has is good until ``nextUpdate``; the one after it says revoked."""
    async with open_house(tmp_path) as house:
        await house.register()
        issued = await house.issue()
        await house.trust.refresh()
        leaf = parse_pem_certificates(issued["chain"].encode(), what="chain")[0]
        (url,) = leaf.revocation_points
        response = await house.send("GET", url.removeprefix(house.listener().origin))
        assert response.header("content-type") == "application/pkix-crl"
        next_update = parse_crl(response.body).unverified_next_update
        assert verdict(house, issued) is None
        status, answer = await house.operate("POST", "/revocations", meant(issued) | {"reason": "the key was lost"})
        assert (status, answer) == (200, {"revoked": 1})
        house.clock.advance(next_update - 1 - house.clock.now())
        before = verify_by_list(house, issued)
        house.clock.advance(2)
        assert (before, verify_by_list(house, issued)) == (None, Check.REVOCATION_STALE)
        await house.act()
        await house.trust.refresh()
        assert verify_by_list(house, issued) is Check.CERTIFICATE_REVOKED


def verify_by_list(house: AccessHouse, issued: dict[str, Any]) -> Check | None:
    """By the list of revoked certificates alone: those of trusted entities have a day of their own."""
    revocation = house.trust.anchors.revocation
    certificates = tuple(parse_pem_certificates(issued["chain"].encode(), what="chain"))
    root = _root(house)
    try:
        revocation.check_chain(certificates, anchor=root, now=house.clock.now())
    except Rejected as refusal:
        return refusal.check
    return None


def _root(house: AccessHouse) -> Any:
    path = house.config.trust.folder.parent / "authorities" / "access.pem"
    (root,) = parse_pem_certificates(path.read_bytes(), what="root")
    return root


@pytest.mark.slow
@pytest.mark.requirement("RPACANot_06")
async def test_many_are_revoked_for_whoever_says_how_many(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        await house.register()
        issued = [await house.issue()]
        house.clock.advance(60)
        issued.append(await house.issue(fixed_key("two")))
        everything = {"issued": {"since": house.clock.now() - 3_600}, "reason": "the token was stolen"}
        status, refusal = await house.operate("POST", "/revocations", everything)
        assert (status, refusal["check"], refusal["field"]) == (409, "access-revocation", "confirm")
        assert "2 certificates" in refusal["detail"]
        assert await house.operate("POST", "/revocations", everything | {"confirm": 2}) == (200, {"revoked": 2})
        await house.trust.refresh()  # no timer of the authority has had its turn
        assert [verify_by_list(house, each) for each in issued] == [Check.CERTIFICATE_REVOKED] * 2


async def test_the_role_never_opens_the_roots_key(tmp_path: Path) -> None:
    """From its start through an issuance and a revocation; and it does not start with a root in the issuer's place."""
    opened: list[str] = []
    hearing = [True]

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if hearing[0] and event == "open":
            opened.append(str(args[0]))

    config = sandbox_at(tmp_path)
    sys.addaudithook(hear)
    try:
        async with open_house(tmp_path, config) as house:
            await house.register()
            await house.issue()
            await house.operate("POST", "/revocations", {"identifier": LIBRARY, "reason": "lost"})
    finally:
        hearing[0] = False
    assert any("access-authority.key.pem" in each for each in opened)
    assert [each for each in opened if "authorities" in each] == []


@pytest.mark.slow
async def test_a_root_is_not_taken_for_who_issues(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    passphrase = (tmp_path / "authorities" / "access.passphrase").read_text().strip()
    with open_root(tmp_path / "authorities" / "access.root", passphrase, random=system_random) as vault:
        root = vault.value
    replace_owner_only(config.access_authority.key, root.key.secret_pem())
    replace_owner_only(config.access_authority.chain, root.certificate.pem.encode())
    with pytest.raises(Unavailable, match="roots stay offline"):
        async with open_house(tmp_path, config):
            pass


async def test_an_end_entity_is_not_taken_for_who_issues(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    create_owner_only(tmp_path / "leaf.key.pem", config.verifier.access_key.read_bytes())
    create_owner_only(tmp_path / "leaf.pem", config.verifier.access_chain.read_bytes())
    access = replace(config.access_authority, key=tmp_path / "leaf.key.pem", chain=tmp_path / "leaf.pem")
    with pytest.raises(Unavailable, match="not an authority's"):
        async with open_house(tmp_path, replace(config, access_authority=access)):
            pass
