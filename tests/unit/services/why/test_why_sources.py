"""The trust that a path is followed by: what of it is refused is its first step, and breaks what needs it alone."""

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.services.why.sources import with_sources
from zegel.services.why.tree import Branch, Standing, breaks, holds

STALE = Rejected(Check.LIST_FRESHNESS, "the next update is overdue", field="NextUpdate")
REFUSED = [("trust/pid.jwt", STALE), ("trust/crl/x.crl", Malformed("list", "", "expected DER"))]


def path(check: Check | None) -> Branch:
    step = holds("anchor", "well") if check is None else breaks("anchor", Rejected(check, "not there"))
    return Branch(name="SD-JWT VC", said="x").with_below(step)


def test_where_nothing_is_refused_nothing_is_said() -> None:
    assert with_sources(path(None), ()) == path(None)


def test_what_is_refused_breaks_a_path_for_want_of_an_anchor() -> None:
    for check in (Check.ANCHOR, Check.ENTITLEMENT, Check.CERTIFICATE_TIMESTAMP, Check.REVOCATION_STALE):
        traced = with_sources(path(check), REFUSED)
        assert [each.name for each in traced.below] == ["trust", "anchor"]
        assert [(each.name, each.standing) for each in traced.below[0].below] == [
            ("trust/pid.jwt", Standing.BREAKS), ("trust/crl/x.crl", Standing.BREAKS),
        ]  # fmt: skip
        broken = traced.broken
        assert broken is not None
        assert broken.explanation is not None
        assert (broken.name, broken.explanation.check) == ("trust/pid.jwt", "list-freshness")


def test_what_holds_without_it_holds_and_what_breaks_elsewhere_breaks_there() -> None:
    for check in (None, Check.SIGNATURE):
        traced = with_sources(path(check), REFUSED)
        assert {each.standing for each in traced.below[0].below} == {Standing.NOT_REACHED}
        assert traced.below[0].below[0].said == "left out, and not needed: the next update is overdue"
        assert traced.broken == path(check).broken
