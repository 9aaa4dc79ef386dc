"""A list of a sandbox's, signed anew without those who stood on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from zegel.adapters.files import read_file, replace_owner_only
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.sandbox.authorities import certify_list_operator
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import parse_jws
from zegel.primitives.members import read_object
from zegel.trust.authority import Authority
from zegel.trust.lists.build import sign_trusted_list
from zegel.trust.lists.parse import MAX_TRUSTED_LIST

_WHAT: Final = "list of trusted entities"


def empty_list(folder: Path, file: str, *, now: int, random: Callable[[int], bytes]) -> None:
    """Take everybody off a list of the sandbox in ``folder``; its next update stays when it was due, in seconds
    since the epoch. ``Unavailable`` where a file is not there, ``Malformed`` for what is no list."""
    path, keys = folder / "trust" / file, folder / "authorities"
    (root,) = load_certificates(keys / "lists.pem")
    operator = Authority(certificate=root, key=load_private_key(keys / "lists.key.pem"))
    signer = certify_list_operator(operator, now=now, random=random)
    listed = parse_jws(read_file(path, max_bytes=MAX_TRUSTED_LIST), what=_WHAT, max_bytes=MAX_TRUSTED_LIST)
    document = _emptied(listed.unverified_claims)
    replace_owner_only(path, sign_trusted_list(document, signer=signer.signer, chain=signer.chain, now=now))


def _emptied(document: JsonObject) -> JsonObject:
    """The next issue. TS 119 602's schema has no member for entities where there is none."""
    lote = read_object(document.get("LoTE"), what=_WHAT, where="LoTE")
    scheme = read_object(lote.get("ListAndSchemeInformation"), what=_WHAT, where="LoTE.ListAndSchemeInformation")
    number = scheme["LoTESequenceNumber"]
    assert isinstance(number, int)  # it is a sandbox's own
    return {"LoTE": {"ListAndSchemeInformation": {**scheme, "LoTESequenceNumber": number + 1}}}
