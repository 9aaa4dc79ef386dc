"""The certificate of a signer of health certificates: it counts for being on a list, and no chain leads to it."""

from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners
from zegel.formats.hcert.lists import parse_trust_list
from zegel.formats.hcert.schema import Kind
from zegel.services.why.health import tell_signer
from zegel.services.why.tree import Branch, Standing, breaks, holds

_FORMS: Final = (b"-----BEGIN", b"\x30")  # RFC 7468 section 2, and a SEQUENCE in DER
_NOT_ASKED: Final = Branch(
    name="chain and validity",
    said="not asked for: a signer counts while a list that is trusted has its key",
    standing=Standing.NOT_REACHED,
)


def signer_in(data: bytes) -> DocumentSigner | None:
    """The signer whose certificate, in PEM or DER, is all that is there; None for anything else."""
    if not data.startswith(_FORMS):
        return None
    try:
        found = parse_trust_list(data)
    except Malformed:
        return None
    alone = len(found.unverified_signers) == 1 and not found.left_out
    return found.unverified_signers[0] if alone else None


def explain_signer(signer: DocumentSigner, *, signers: DocumentSigners) -> Branch:
    """Whether what it signs is believed, and which kinds of health certificates that may be."""
    kinds = ", ".join(kind.name.lower() for kind in Kind if signer.may_sign(kind))
    top = Branch(name="signer of health certificates", said=tell_signer(signer))
    usage = Branch(name="usage", said=f"it may sign certificates of {kinds}")
    return top.with_below(_listed(signer, signers), usage, _NOT_ASKED)


def _listed(signer: DocumentSigner, signers: DocumentSigners) -> Branch:
    found = signers.with_key(signer.key)
    if not found:
        detail = f"expected its key on a list that is trusted, and it is none of {len(signers)}"
        return breaks("listed", Rejected(Check.HEALTH_SIGNER, detail, field="publicKey"))
    said = (f"{each.kid.hex()}, {tell_signer(each)}" for each in found)
    return holds("listed", "a list that is trusted has its key").with_below(
        *(Branch(name="key identifier", said=each) for each in said)
    )
