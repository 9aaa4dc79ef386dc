"""What a register answers: under its own key, and an answer (TS5 1.3 section 3)."""

import pytest
from zegel_testing.authorities import NOW, fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws
from zegel.trust.register.answers import ANSWER, ANSWER_TYPE, sign_answer, verify_answer

KEY = fixed_key("register")
ISSUER = "https://registrar.utopia.example"


def answer(data: bytes) -> UnverifiedJws:
    more = {"pagination": {"has_next_page": False}}
    return parse_jws(sign_answer(data, more, issuer=ISSUER, signer=KEY, kid="one", now=NOW), what=ANSWER)


def test_an_answer_says_who_gives_it_and_what_comes_beside_it() -> None:
    signed = answer(b'[{"tradeName":"Utopia"}]')
    assert signed.unverified_header.members == {"alg": "ES256", "typ": "JWT", "kid": "one"}
    assert signed.unverified_claims == {
        "iss": ISSUER,
        "iat": NOW,
        "pagination": {"has_next_page": False},
        "data": [{"tradeName": "Utopia"}],
    }
    verified = verify_answer(signed, key=KEY.public_key)
    assert (verified.issuer, verified.data) == (ISSUER, [{"tradeName": "Utopia"}])


def test_nothing_may_be_an_answer() -> None:
    assert verify_answer(answer(b"null"), key=KEY.public_key).data is None


def test_an_answer_under_another_key_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        verify_answer(answer(b"[]"), key=fixed_key("another register").public_key)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize(
    ("claims", "where"),
    [
        ({"iss": ISSUER, "sub": "erika", "aud": ISSUER, "nonce": "n", "iat": NOW, "exp": NOW + 60}, "data"),
        ({"iat": NOW, "data": []}, "iss"),
        ({"iss": 7, "iat": NOW, "data": []}, "iss"),
    ],
    ids=["an ID Token", "of nobody", "of no text"],
)
def test_a_jwt_that_is_no_answer_is_malformed(claims: dict[str, object], where: str) -> None:
    jws = parse_jws(sign_jws(claims, signer=KEY, typ=ANSWER_TYPE), what=ANSWER)
    with pytest.raises(Malformed) as refusal:
        verify_answer(jws, key=KEY.public_key)
    assert refusal.value.where == where
