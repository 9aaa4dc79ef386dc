"""A trust list whose signers count, and why it does."""

from dataclasses import dataclass
from typing import final

from zegel.formats.hcert.keys import DocumentSigner
from zegel.formats.hcert.lists import UnverifiedTrustList


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BelievedList:
    """The signers of a list that count: whom the gateway's anchor vouches for (``gateway.check_vouched``), or all, for
    its source (``believed_for_its_source``).

    ``as_of``, ``signed_at`` and ``left_out`` as of an ``UnverifiedTrustList``.
    """

    signers: tuple[DocumentSigner, ...]
    as_of: int | None = None
    signed_at: int | None = None
    left_out: tuple[str, ...] = ()


def believed_for_its_source(parsed: UnverifiedTrustList) -> BelievedList:
    """A list as it came, for whoever trusts where it came from: nothing of it is verified."""
    return BelievedList(
        signers=parsed.unverified_signers,
        as_of=parsed.unverified_as_of,
        signed_at=parsed.unverified_signed_at,
        left_out=parsed.left_out,
    )
