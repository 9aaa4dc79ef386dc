"""A list of a sandbox's from which everybody was taken off."""

from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_random
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.sandbox.lists import LIST_FILES, ListFile
from zegel.adapters.sandbox.withdrawal import empty_list
from zegel.errors import Malformed, Unavailable
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.lists.parse import MAX_TRUSTED_LIST, parse_trusted_list
from zegel.trust.lists.verify import VerifiedTrustedList, verify_trusted_list


def verified(folder: Path, listed: ListFile, *, now: int, seen: int = 0) -> VerifiedTrustedList:
    (root,) = load_certificates(folder / "trust" / "operator.pem")
    operators = TrustAnchors([TrustAnchor(certificate=root, purpose=Purpose.LIST, entity="operator")])
    unverified = parse_trusted_list(read_file(folder / "trust" / listed.file, max_bytes=MAX_TRUSTED_LIST))
    return verify_trusted_list(unverified, expected=listed.type, anchors=operators, now=now, seen=seen)


@pytest.mark.parametrize("listed", LIST_FILES, ids=lambda listed: listed.purpose)
def test_the_next_issue_is_believed_and_nobody_stands_on_it(tmp_path: Path, listed: ListFile) -> None:
    sandbox_at(tmp_path)
    before = verified(tmp_path, listed, now=NOW)
    assert before.entities
    empty_list(tmp_path, listed.file, now=NOW + DAY, random=fixed_random("withdrawal"))
    after = verified(tmp_path, listed, now=NOW + DAY, seen=before.sequence)
    assert (after.entities, after.anchors(), after.logs()) == ((), (), ())
    assert (after.sequence, after.next_update) == (before.sequence + 1, before.next_update)


def test_what_is_not_there_or_no_list_is_named(tmp_path: Path) -> None:
    sandbox_at(tmp_path)
    with pytest.raises(Unavailable):
        empty_list(tmp_path, "nobody.jwt", now=NOW, random=fixed_random("withdrawal"))
    (tmp_path / "trust" / "nobody.jwt").write_bytes(b"e30.e30.AA")
    with pytest.raises(Malformed):
        empty_list(tmp_path, "nobody.jwt", now=NOW, random=fixed_random("withdrawal"))
