"""Mutants have one fault each, in a line that holds a check."""

from textwrap import dedent

from zegel_mutants.mutate import make_mutants
from zegel_mutants.survivors import sides
from zegel_mutants.wording import find_wording


def becomes(source: str, *, kind: str | None = None) -> set[str]:
    """What mutants make of the lines of a source."""
    mutants = make_mutants("zegel/it.py", dedent(source), find_wording([dedent(source)]))
    return {sides(mutant.diff)[1] for mutant in mutants if kind in {None, mutant.kind}}


GUARDED = """
    def verify_it(a, b):
        c = a + 1
        if a > b:
            raise Rejected(Check.NONCE, "it is more")
        return c
"""


def test_a_guard_is_lost() -> None:
    assert becomes(GUARDED, kind="lost") == {"if (a > b) and False:"}


def test_a_guard_is_changed_at_its_limit() -> None:
    assert becomes(GUARDED, kind="changed") == {"if a >= b:"}


def test_a_call_of_a_check_is_lost_or_gets_nothing_to_check() -> None:
    source = """
        def verify_it(a, b):
            check_that(a, b)
            return a
    """
    assert becomes(source) == {
        "pass",
        "check_that(None, b)",
        "check_that(a, None)",
        "check_that(b)",
        "check_that(a, )",
    }


def test_a_refusal_after_other_statements_is_lost() -> None:
    source = """
        def verify_it(a):
            if a:
                detail = "no"
                raise Rejected(Check.NONCE, detail)
    """
    assert "pass" in becomes(source, kind="lost")


def test_the_words_of_a_message_are_left_alone() -> None:
    source = """
        def read(value, what, where):
            return value

        def check_it(a, field):
            return a

        def verify_it(a):
            if read(a, "it", "there") is None:
                raise Rejected(Check.NONCE, "no")
            check_it(a, field="a")
    """
    changed = becomes(source)
    assert not [text for text in changed if "XX" in text or "THERE" in text]
    assert {'if read(None, "it", "there") is None:', 'check_it(None, field="a")'} <= changed
    assert not [text for text in changed if 'None, "there"' in text or "field=None" in text]


def test_decorated_functions_have_mutants_too() -> None:
    assert becomes("""
        class It:
            @property
            def value(self):
                if self.closed:
                    raise Denied("invalid_request", Check.STATE, "it is closed")
                return self.read
    """) == {"if (self.closed) and False:"}


def test_a_mutant_keeps_its_key_where_another_function_is_edited() -> None:
    def keys(source: str) -> set[str]:
        return {mutant.key for mutant in make_mutants("zegel/it.py", dedent(source), {})}

    before = keys(GUARDED)
    assert before
    assert keys("\n    def other():\n        return 1\n" + GUARDED) == before
    assert not keys(GUARDED.replace("a + 1", "a + 2")) & before


def test_a_mutant_is_the_source_with_one_edit() -> None:
    source = dedent(GUARDED)
    for mutant in make_mutants("zegel/it.py", source, {}):
        was, now = sides(mutant.diff)
        assert source.replace(was, now) == mutant.source
        compile(mutant.source, "it", "exec")
