"""What a log answers: each member is what its name says."""

import json

import pytest
from zegel_testing.transparency import ACCESS_DRAFT, ITEMS, LOG, LOGGED_ROOT

from zegel.errors import Malformed
from zegel.primitives.encoding import base64
from zegel.protocols.transparency.answers import LogAnswer, parse_log_answer
from zegel.trust.transparency.items import ConsistencyProof, UnknownItem
from zegel.trust.transparency.timestamps import entry_of

SCT, STH, INCLUSION = ITEMS
CONSISTENCY = ConsistencyProof(log_id=LOG.id, tree_size_1=1, tree_size_2=2, path=(bytes(32),))
ENTRY = entry_of(ACCESS_DRAFT.tbs, issuer=LOGGED_ROOT.certificate, timestamp=1, precertificate=True, extensions=b"")
STRANGE = UnknownItem(type=0xE000, data=b"leaf")


def answer(**members: object) -> LogAnswer:
    return parse_log_answer(json.dumps(members).encode())


def test_an_answer_has_what_it_has() -> None:
    sent = {"sct": SCT, "sth": STH, "inclusion": INCLUSION, "consistency": CONSISTENCY}
    found = answer(**{name: base64(item.encode()) for name, item in sent.items()}, other=1)
    assert (found.sct, found.sth, found.inclusion, found.consistency) == tuple(sent.values())
    assert answer() == LogAnswer()


def test_an_entry_of_another_type_stays_a_leaf() -> None:
    found = answer(entries=[{"log_entry": base64(each.encode())} for each in (ENTRY, STRANGE)])
    assert found.entries == ((ENTRY.encode(), ENTRY), (STRANGE.encode(), None))


@pytest.mark.parametrize("name", ["sct", "sth", "inclusion", "consistency"])
def test_an_item_in_another_place_is_malformed(name: str) -> None:
    with pytest.raises(Malformed, match="belongs there"):
        answer(**{name: base64(ENTRY.encode())})


@pytest.mark.parametrize("members", [{"sth": 1}, {"sth": "%"}, {"entries": 1}, {"entries": [1]}, {"entries": [{}]}])
def test_what_is_no_answer_is_malformed(members: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        answer(**members)
