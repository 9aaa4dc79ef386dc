"""What a presentation was asked with, from the command line: a nonce and for whom, or the parts of a transcript."""

import re
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.mdoc.transcript import SessionTranscript, parse_transcript
from zegel.primitives.encoding import parse_base64url

_OPTIONS: Final = {
    "--nonce": "nonce",
    "--audience": "audience",
    "--transcript": "transcript",
    "--client-id": "client_id",
    "--response-uri": "response_uri",
    "--jwk-thumbprint": "jwk_thumbprint",
}
_TRANSCRIPT_ALONE: Final = ("--response-uri", "--jwk-thumbprint")
_SHA256_BYTES: Final = 32  # RFC 7638 section 3.4, as OpenID4VP 1.0 section B.2.6.1 has it
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")  # RFC 3986 section 4.3; an app's may be any scheme


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What was given of a challenge: each part is well formed, and none contradicts another.

    ``given`` are the options, as they are spelled; ``client_id`` is for whom the presentation is, in either format.
    """

    given: tuple[str, ...]
    nonce: str | None
    client_id: str | None
    response_uri: str | None
    thumbprint: bytes | None
    transcript: SessionTranscript | None

    @property
    def of_transcript(self) -> tuple[str, ...]:
        """The options that only a transcript has a place for: an SD-JWT is bound to neither."""
        return tuple(option for option in self.given if option in _TRANSCRIPT_ALONE)


def add_challenge_options(parser: ArgumentParser) -> None:
    """Add the parts of a challenge."""
    parser.add_argument("--nonce", metavar="N", help="the nonce that a presentation has to answer")
    parser.add_argument("--audience", metavar="A", help="the client_id that an SD-JWT presentation has to be for")
    transcript = parser.add_argument_group("session transcript of an mdoc presentation")
    transcript.add_argument("--transcript", metavar="HEX", help="the SessionTranscript as encoded CBOR")
    transcript.add_argument("--client-id", metavar="ID", help="or the client_id, with its prefix,")
    transcript.add_argument("--response-uri", metavar="URI", help="the response_uri, the nonce,")
    transcript.add_argument("--jwk-thumbprint", metavar="T", help="and, for an encrypted answer, its key's thumbprint")


def parse_challenge(args: Namespace) -> Challenge:
    """The challenge of the options, whatever is judged by it; ``Malformed`` for a part that could be of none."""
    given = tuple(option for option, name in _OPTIONS.items() if getattr(args, name) is not None)
    for option in given:
        if not getattr(args, _OPTIONS[option]):
            raise Malformed("command line", option, "expected a value that is not empty, or no such option")
    transcript = None if args.transcript is None else _transcript(args.transcript)
    parts = [option for option in given if option != "--transcript"]
    return Challenge(
        given=given,
        nonce=args.nonce,
        client_id=_client_id(args),
        response_uri=None if args.response_uri is None else _uri(args.response_uri),
        thumbprint=None if args.jwk_thumbprint is None else _thumbprint(args.jwk_thumbprint),
        transcript=None if transcript is None else _alone(transcript, parts),
    )


def _client_id(args: Namespace) -> str | None:
    """OpenID4VP 1.0 sections B.2.6.1 and B.3.6: the client_id in a transcript is what an SD-JWT's ``aud`` is."""
    given = [value for value in (args.audience, args.client_id) if value is not None]
    if len(set(given)) > 1:
        detail = "expected one value: both are the client_id, with its prefix, that the presentation is for"
        raise Malformed("command line", "--audience and --client-id", detail)
    return given[0] if given else None


def _uri(text: str) -> str:
    if not _ABSOLUTE_URI.fullmatch(text):
        raise Malformed("command line", "--response-uri", "expected an absolute URI, as the request has it")
    return text


def _thumbprint(text: str) -> bytes:
    thumbprint = parse_base64url(text, what="command line", where="--jwk-thumbprint")
    if len(thumbprint) != _SHA256_BYTES:
        detail = f"expected a key's SHA-256 thumbprint (RFC 7638): {_SHA256_BYTES} bytes in base64url"
        raise Malformed("command line", "--jwk-thumbprint", detail)
    return thumbprint


def _transcript(text: str) -> SessionTranscript:
    try:
        return parse_transcript(bytes.fromhex(text))
    except ValueError:
        raise Malformed("command line", "--transcript", "expected hexadecimal digits") from None
    except Malformed as error:
        raise Malformed("command line", "--transcript", error.detail) from None


def _alone(transcript: SessionTranscript, parts: list[str]) -> SessionTranscript:
    if parts:
        detail = "expected the transcript or what it is made of: it has a digest of that, which shows no part"
        raise Malformed("command line", parts[0], detail)
    return transcript
