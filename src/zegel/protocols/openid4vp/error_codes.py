"""What a wallet tells a verifier when it does not answer (OpenID4VP 1.0 section 8.5, RFC 6749 section 4.1.2.1)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from zegel.checks import Check
from zegel.errors import Denied, ZegelError


class ErrorCode(StrEnum):
    """The codes of section 8.5 that our wallet sends; a verifier reads whatever comes."""

    INVALID_REQUEST = "invalid_request"
    ACCESS_DENIED = "access_denied"
    VP_FORMATS_NOT_SUPPORTED = "vp_formats_not_supported"
    INVALID_TRANSACTION_DATA = "invalid_transaction_data"


_CODES: Final[Mapping[Check, ErrorCode]] = {
    # section 15.4.1: not holding a credential and not wanting to show it must look the same from outside
    Check.HELD: ErrorCode.ACCESS_DENIED,
    Check.VP_FORMATS: ErrorCode.VP_FORMATS_NOT_SUPPORTED,
    Check.TRANSACTION_REQUEST: ErrorCode.INVALID_TRANSACTION_DATA,
}
_CHECKS: Final[Mapping[str, Check]] = {code: check for check, code in _CODES.items()}


def error_code(error: ZegelError) -> ErrorCode:
    """The code for a refusal; ``invalid_request`` where section 8.5 has no better one."""
    return _CODES.get(error.check, ErrorCode.INVALID_REQUEST)


def refusal_of_wallet(code: str, description: str) -> Denied:
    """A wallet's error as a refusal: by the rule that its code names, WALLET_REFUSAL where that names none."""
    check = _CHECKS.get(code, Check.WALLET_REFUSAL)
    return Denied(code, check, f"the wallet answered with {code}", field="error", said=description)
