"""Why a verifier asks, in its own words: an entry of ``verifier_info`` (OpenID4VP 1.0 sections 5.1 and 5.11).

DCQL 1.0 has no purpose. A registration certificate would say it with authority; this is the verifier's word alone, and
is shown as such.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from zegel.primitives.members import MAX_TEXT
from zegel.protocols.openid4vp.request import VerifierInfo

FORMAT: Final = "urn:zegel:purpose"
_MEMBER: Final = "purpose"


def build_purpose(text: str) -> VerifierInfo:
    """The entry that says why all that is asked for is asked for."""
    return VerifierInfo(format=FORMAT, data={_MEMBER: text})


def stated_purposes(infos: Iterable[VerifierInfo]) -> tuple[str, ...]:
    """What a request says of why it asks, each at most ``MAX_TEXT`` characters; other formats say nothing of it."""
    return tuple(
        purpose[:MAX_TEXT]
        for info in infos
        if info.format == FORMAT
        and isinstance(info.data, Mapping)
        and type(purpose := info.data.get(_MEMBER)) is str
        and purpose
    )
