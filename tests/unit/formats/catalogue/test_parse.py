"""A type's file: read, or refused with the place in it."""

import pytest

from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.parse import MAX_FILE, build_catalogue, parse_attestation_type
from zegel.formats.catalogue.types import AttestationType, ValueType
from zegel.formats.credential import Format
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType, RootOfTrust

LEAST = """
id = "seal"
names.en = "Seal"
descriptions.en = "A seal"
validity_days = 1
"""
SD_JWT = '[sd_jwt]\nvct = "urn:example:seal"\n'
MDOC = '[mdoc]\ndoctype = "example.seal.1"\nnamespace = "example.seal.1"\n'
CLAIM = '[[claims]]\nid = "wax"\ntype = "text"\nnames.en = "Wax"\n'
DATA = '[[transaction_data]]\ntype = "urn:example:stamp"\n'


def parsed(text: str) -> AttestationType:
    return parse_attestation_type(text, file="seal.toml")


def refusal_of(text: str) -> Malformed:
    with pytest.raises(Malformed) as refusal:
        parsed(text)
    assert refusal.value.what == "attestation type seal.toml"
    return refusal.value


def test_the_least_that_a_file_says_has_defaults_for_the_rest() -> None:
    type_ = parsed(LEAST + SD_JWT + CLAIM)
    assert (type_.id, type_.vct, type_.doctype, type_.category, type_.extends) == (
        "seal", "urn:example:seal", None, None, None,
    )  # fmt: skip
    assert (type_.validity_days, type_.renewal_days, type_.batch_size, type_.decoys) == (1, 0, 10, 0)
    assert type_.revocable
    assert type_.device_bound
    assert type_.formats == (Format.SD_JWT_VC,)
    (claim,) = type_.claims
    assert (claim.sd_jwt, claim.mdoc, claim.rule.type, claim.rule.max_length) == (("wax",), None, ValueType.TEXT, 150)
    assert (type_.in_the_clear, type_.unique_paths(Format.SD_JWT_VC), type_.key_authorizations) == (set(), (), {})


def test_a_claim_goes_where_the_file_says() -> None:
    extra = '[[parents]]\nsd_jwt = ["seal"]\nnames.en = "Seal"\n'
    type_ = parsed(
        LEAST + 'unique = ["wax", "cord"]\n' + SD_JWT + MDOC + extra
        + CLAIM + 'sd_jwt = ["seal", "colour"]\nmdoc = ["colour"]\ndisclosable = false\n'
        + CLAIM.replace("wax", "cord") + 'sd_jwt = []\nmdoc = ["other.1", "cord"]\n'
        + CLAIM.replace("wax", "date") + 'mdoc = []\n'
    )  # fmt: skip
    wax, cord, date = type_.claims
    assert (wax.sd_jwt, wax.mdoc) == (("seal", "colour"), ("example.seal.1", "colour"))
    assert (cord.sd_jwt, cord.mdoc) == (None, ("other.1", "cord"))
    assert (date.sd_jwt, date.mdoc) == (("date",), None)
    assert type_.in_the_clear == {("seal", "colour")}
    assert type_.unique_paths(Format.SD_JWT_VC) == (("seal", "colour"),)
    assert type_.unique_paths(Format.MDOC) == (("example.seal.1", "colour"), ("other.1", "cord"))


def test_transaction_data_says_what_the_device_may_sign() -> None:
    elements = 'namespace = "n"\nelements = ["hash", "alg"]\nrequired = { payload = "object" }\n'
    type_ = parsed(LEAST + SD_JWT + CLAIM + DATA + elements + DATA.replace("stamp", "second") + elements + DATA)
    assert type_.key_authorizations == {"n": ("hash", "alg")}
    first, _, third = type_.transaction_data
    assert (first.required, first.optional) == ({"payload": "object"}, {})
    assert (third.namespace, third.elements, third.claims, third.labels) == (None, (), (), {})


POLICY = '[disclosure_policy]\nuri = "https://a.example/1"\ntype = "authorized_rp_only"\n'
PARTY = '[[disclosure_policy.parties]]\nidentifier = "A"\nservice = "s"\n'
ROOTS = POLICY.replace("authorized_rp_only", "specific_root_of_trust")
ROOT = '[[disclosure_policy.roots]]\nissuer = "CN=a"\nserial_number = "12"\n'


@pytest.mark.requirement("EDP_01")
def test_a_policy_says_who_may_be_shown_it() -> None:
    words = 'explanation = "https://a.example/why"\ndescription = "d"\nauthority = "a"\n'
    one = parsed(LEAST + SD_JWT + CLAIM + POLICY + words + PARTY + PARTY.replace("identifier", "entitlement")).policy
    assert one == DisclosurePolicy(
        uri="https://a.example/1",
        type=PolicyType.AUTHORISED_PARTIES,
        parties=(AuthorisedParty(identifier="A", service="s"), AuthorisedParty(entitlement="A", service="s")),
        explanation="https://a.example/why",
        description="d",
        authority="a",
    )
    other = parsed(LEAST + SD_JWT + CLAIM + ROOTS + ROOT).policy
    assert other is not None
    assert other.roots == (RootOfTrust(name="CN=a", serial_number="12"),)
    assert parsed(LEAST + SD_JWT + CLAIM).policy is None


def test_a_file_is_bounded_before_it_is_read_as_toml() -> None:
    good = LEAST + SD_JWT + CLAIM + "#"
    assert parsed(good.ljust(MAX_FILE, "#")).id == parsed(good + "." * 100).id == parsed(good).id
    for beyond in (good.ljust(MAX_FILE + 1, "#"), good + "." * 101, f"{good}\n#{'.' * 101}\n#"):
        with pytest.raises(Malformed, match="expected at most"):
            parsed(beyond)
    assert parsed(good + f"\n#{'.' * 99}" * 3)  # the most in one line count, not all together


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "id"),
        ("id = ", ""),
        ("[" * 5_000, ""),
        ("#" * (MAX_FILE + 1), ""),
        (LEAST + CLAIM, ""),
        (LEAST + SD_JWT, None),
        (LEAST.replace("seal", ""), "id"),
        (LEAST.replace("validity_days = 1", "validity_days = 0") + SD_JWT, "validity_days"),
        (LEAST.replace("validity_days = 1", 'validity_days = "1"') + SD_JWT, "validity_days"),
        (LEAST.replace("validity_days = 1", "validity_days = true") + SD_JWT, "validity_days"),
        (LEAST.replace("validity_days = 1", "") + SD_JWT, "validity_days"),
        (LEAST.replace("names.en", "names.nl") + SD_JWT, "names"),
        (LEAST.replace("names.en", "names") + SD_JWT, "names"),
        (LEAST.replace('names.en = "Seal"', "names.en = 1") + SD_JWT, "names.en"),
        (LEAST + 'misspelt = "x"\n' + SD_JWT, "misspelt"),
        (LEAST + SD_JWT + "decoy = 1\n", "sd_jwt.decoy"),
        (LEAST + MDOC + "decoys = 1\n", "mdoc.decoys"),
        (LEAST + "[mdoc]\ndoctype = 'x'\n", "mdoc.namespace"),
        (LEAST + "[sd_jwt]\ndecoys = 1\n", "sd_jwt.vct"),
        (LEAST + "sd_jwt = 1\n", "sd_jwt"),
        (LEAST + 'revocable = "yes"\n' + SD_JWT, "revocable"),
        (LEAST + 'unique = "wax"\n' + SD_JWT + CLAIM, "unique"),
        (LEAST + "unique = [1]\n" + SD_JWT + CLAIM, "unique"),
        (LEAST + 'unique = ["other"]\n' + SD_JWT + CLAIM, ""),
        (LEAST + "claims = 1\n" + SD_JWT, "claims"),
        (LEAST + "claims = [1]\n" + SD_JWT, "claims"),
        (LEAST + SD_JWT + CLAIM + CLAIM, ""),
        (LEAST + SD_JWT + CLAIM + CLAIM.replace("wax", "cord") + 'sd_jwt = ["wax"]\n', ""),
        (LEAST + MDOC + CLAIM + CLAIM.replace("wax", "cord") + 'mdoc = ["wax"]\n', ""),
        (LEAST + MDOC + CLAIM + 'mdoc = ["a", "b", "c"]\n', "claims[0].mdoc"),
        (LEAST + SD_JWT + CLAIM + 'begins_with = "other"\n', ""),
        (LEAST + SD_JWT + CLAIM + 'sd_jwt = ["seal", "wax"]\n', "parents"),
        (LEAST + SD_JWT + '[[parents]]\nsd_jwt = ["seal"]\nnames.en = "Seal"\n' + CLAIM, "parents"),
        (LEAST + SD_JWT + '[[parents]]\nsd_jwt = ["seal"]\nnames.en = "Seal"\nname = ""\n' + CLAIM, "parents[0].name"),
        (
            LEAST + SD_JWT + '[[parents]]\nsd_jwt = ["wax"]\nnames.en = "Seal"\n' + CLAIM
            + CLAIM.replace("wax", "cord") + 'sd_jwt = ["wax", "cord"]\n',
            "parents",
        ),
        (LEAST + SD_JWT + CLAIM + "disclosed = true\n", "claims[0].disclosed"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"date"'), "claims[0].type"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"object"'), "claims[0].type"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"array"'), "claims[0].type"),
        (LEAST + SD_JWT + CLAIM + 'items = { type = "text" }\n', "claims[0].type"),
        (LEAST + SD_JWT + CLAIM + 'members = [{ id = "a", type = "text", names.en = "A" }]\n', "claims[0].type"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"array"') + 'items = { type = "text", max = 1 }\n',
         "claims[0].items.max"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"object"')
         + 'members = [{ id = "a", type = "text", names.en = "A", must = true }]\n', "claims[0].members[0].must"),
        (LEAST + SD_JWT + CLAIM + 'pattern = "["\n', "claims[0].pattern"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"uint"') + 'values = ["1"]\n', "claims[0].values"),
        (LEAST + SD_JWT + CLAIM.replace('"text"', '"uint"') + "values = 1\n", "claims[0].values"),
        (
            LEAST + SD_JWT + CLAIM.replace('"text"', '"array"') + "items = { type = "
            + '"array", items = { type = ' * 5 + '"text" }' + " }" * 5 + "\n",
            "claims[0].items.items.items.items.items.type",
        ),
        (LEAST + SD_JWT + CLAIM + DATA + 'element = ["x"]\n', "transaction_data[0].element"),
        (LEAST + SD_JWT + CLAIM + DATA + "required = { payload = 1 }\n", "transaction_data[0].required.payload"),
        (LEAST + SD_JWT + CLAIM + DATA + "labels = { title = { nl = 'x' } }\n", "transaction_data[0].labels.title"),
        (
            LEAST + SD_JWT + CLAIM + DATA + "claims = [{ path = ['a'], names = { en = 'A' }, level = 1 }]\n",
            "transaction_data[0].claims[0].level",
        ),
        (LEAST + SD_JWT + CLAIM + '[disclosure_policy]\nuri = "https://a.example/1"\n', "disclosure_policy.type"),
        (LEAST + SD_JWT + CLAIM + POLICY.replace("authorized_rp_only", "weekdays") + PARTY, "disclosure_policy.type"),
        (LEAST + SD_JWT + CLAIM + POLICY + PARTY + 'name = "x"\n', "disclosure_policy.parties[0].name"),
        (LEAST + SD_JWT + CLAIM + POLICY + 'name = "x"\n' + PARTY, "disclosure_policy.name"),
        (LEAST + SD_JWT + CLAIM + POLICY, "disclosure_policy.authorized_parties"),
        (LEAST + SD_JWT + CLAIM + ROOTS + ROOT.replace("CN=a", "a"), "disclosure_policy.trusted_roots[0].issuer_dn"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_place(text: str, where: str | None) -> None:
    if where is None:
        assert parsed(text).claims == ()
    else:
        assert refusal_of(text).where == where


@pytest.mark.parametrize(
    "name",
    ["iss", "aud", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "_sd", "...", "category"],
)
@pytest.mark.requirement("PID_21")
def test_pid_21_a_claim_never_takes_a_name_that_the_issuer_sets(name: str) -> None:
    assert refusal_of(LEAST + SD_JWT + CLAIM + f'sd_jwt = ["{name}"]\n').where == "claims[0].sd_jwt"
    assert refusal_of(LEAST + SD_JWT + CLAIM.replace("wax", name)).where == "claims[0].sd_jwt"


def test_a_catalogue_finds_a_type_by_its_identifier() -> None:
    seal = parsed(LEAST + SD_JWT + MDOC + CLAIM)
    catalogue = build_catalogue([seal])
    assert catalogue.find("urn:example:seal") is seal
    assert catalogue.find("example.seal.1") is seal
    assert catalogue.find("seal") is None
    assert catalogue.types == {"seal": seal}


@pytest.mark.parametrize(
    "other",
    [
        LEAST + SD_JWT.replace("urn:example:seal", "urn:example:other") + CLAIM,
        LEAST.replace("seal", "other") + SD_JWT + CLAIM,
        LEAST.replace("seal", "other") + MDOC + CLAIM,
    ],
)
@pytest.mark.requirement("ARB_05")
def test_no_two_types_share_an_id_or_an_identifier(other: str) -> None:
    with pytest.raises(Malformed):
        build_catalogue([parsed(LEAST + SD_JWT + MDOC + CLAIM), parsed(other)])


def test_a_type_has_an_identifier_in_its_own_formats_alone() -> None:
    type_ = parsed(LEAST + MDOC + CLAIM)
    assert type_.identifier(Format.MDOC) == "example.seal.1"
    with pytest.raises(Rejected):
        type_.identifier(Format.SD_JWT_VC)
