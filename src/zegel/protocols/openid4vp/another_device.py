"""That a request is for a wallet on another device than the page that asks: an entry of ``verifier_info``.

OpenID4VP 1.0 has no word for it. Whoever passes such a request on, as a link instead of a code to scan, would reach a
wallet that takes it for one of the browser at hand, and warns nobody (section 14.2). The verifier has signed the entry.
"""

from collections.abc import Iterable
from typing import Final

from zegel.protocols.openid4vp.request import VerifierInfo

FORMAT: Final = "urn:zegel:another-device"
ANOTHER_DEVICE: Final = VerifierInfo(format=FORMAT, data={"return": "none"})


def is_for_another_device(infos: Iterable[VerifierInfo]) -> bool:
    """Whether the verifier says so of a request; one that says nothing may be either."""
    return any(info.format == FORMAT for info in infos)
