"""The lines that hold a check are found, and no others."""

import ast
from textwrap import dedent

from zegel_mutants.checks import find_check_lines


def marked(source: str) -> tuple[set[int], set[int]]:
    """The lines found, and those that the source marks with ``# check``."""
    source = dedent(source)
    found = find_check_lines(ast.parse(source))
    return set(found.lines), {n for n, line in enumerate(source.splitlines(), 1) if "# check" in line}


def test_the_condition_of_a_refusal_holds_a_check() -> None:
    found, expected = marked("""
        def verify_it(a, b):
            c = a + b
            if a != b:  # check
                raise Rejected(Check.NONCE, "no")
            if a:
                return c
            return b
    """)
    assert found == expected


def test_every_line_of_a_condition_holds_it() -> None:
    found, expected = marked("""
        def verify_it(a, b):
            if (
                a != b  # check
                or b is None  # check
            ):
                detail = "no"
                raise Rejected(Check.NONCE, detail)
    """)
    assert found == expected


def test_so_does_a_condition_that_goes_around_a_refusal() -> None:
    found, expected = marked("""
        def _check_name(name, leaf):
            if name in leaf.uris:  # check
                return
            for other in leaf.names:
                if other == name:
                    break
            if name not in leaf.names:  # check
                raise Rejected(Check.ISSUER_NAME, "no")
    """)
    assert found == expected


def test_so_does_one_that_leads_to_others() -> None:
    found, expected = marked("""
        def verify_it(claims):
            if "names" in claims:  # check
                for name in claims["names"]:
                    if type(name) is not str:  # check
                        raise Malformed("it", "names", "no")
            if "iss" in claims:  # check
                check_issuer(claims["iss"])  # check
    """)
    assert found == expected


def test_so_does_a_call_of_a_check_whatever_becomes_of_its_result() -> None:
    found, expected = marked("""
        def open_it(jws, anchors):
            chain = anchors.verify_chain(  # check
                jws.x5c,  # check
            )  # check
            check_header(jws.header)  # check
            _refuse_others(jws)  # check
            checked = jws.checks
            return verify_jws(jws, key=chain.key)  # check
    """)
    assert found == expected


def test_our_own_faults_are_no_refusals() -> None:
    found, expected = marked("""
        def sign_it(key):
            if key is None:
                raise ValueError("a caller of ours is wrong")
    """)
    assert found == expected == set()


def test_a_refusal_without_a_condition_is_a_check_itself() -> None:
    source = dedent("""
        def find(names, wanted):
            try:
                return names[wanted]
            except KeyError:
                raise Malformed("it", "name", "unknown") from None
    """)
    assert [ast.unparse(node)[:15] for node in find_check_lines(ast.parse(source)).raises] == ["raise Malformed"]
