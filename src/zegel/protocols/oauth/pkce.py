"""Proof key for code exchange, S256 alone (RFC 7636)."""

import hmac
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url

METHOD: Final = "S256"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


def create_code_verifier(random: Callable[[int], bytes]) -> str:
    """A fresh secret of 256 bits (RFC 7636 section 7.1)."""
    return base64url(random(32))


def code_challenge(verifier: str) -> str:
    """What the authorization request says of the secret (RFC 7636 section 4.2)."""
    return base64url(sha256(verifier.encode()).digest())


def check_code_challenge(parameters: Mapping[str, str]) -> str:
    """Return the challenge of an authorization request; ``Rejected(PKCE)`` without one, or with another method."""
    # RFC 7636 section 4.3: a method that is left out means plain, which FAPI 2.0 section 5.3.2.2 forbids
    if parameters.get("code_challenge_method") != METHOD:
        raise Rejected(Check.PKCE, f"expected {METHOD}", field="code_challenge_method")
    challenge = parameters.get("code_challenge", "")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise Rejected(Check.PKCE, "expected a SHA-256 in base64url", field="code_challenge")
    return challenge


def check_code_verifier(verifier: str | None, *, challenge: str) -> str:
    """Return the verifier if it belongs to the challenge; ``Rejected(PKCE)`` otherwise."""
    if verifier is None or _VERIFIER.fullmatch(verifier) is None:
        raise Rejected(Check.PKCE, "expected a code verifier of 43 to 128 characters", field="code_verifier")
    if not hmac.compare_digest(code_challenge(verifier), challenge):
        raise Rejected(Check.PKCE, "the code verifier is not that of the challenge", field="code_verifier")
    return verifier
