"""What a health certificate is wrapped in, layer by layer, each by the name under which it is refused."""

from enum import StrEnum
from typing import Final, final

from zegel.errors import Malformed

WHAT: Final = "health certificate"


class Layer(StrEnum):
    """From the outside in (electronic health certificate specification 1.0.5 sections 3 and 4).

    CBOR is every item: what is signed, the protected header, the payload. COSE is how the signed one is made, and its
    header; SCHEMA the claims, and the certificate in them.
    """

    PREFIX = "prefix"
    BASE45 = "Base45"
    ZLIB = "zlib"
    CBOR = "CBOR"
    COSE = "COSE"
    SCHEMA = "schema"


@final
class MalformedLayer(Malformed):
    """A code that does not open, or not to a certificate: ``layer`` is not as it must be."""

    def __init__(self, layer: Layer, where: str, detail: str) -> None:
        super().__init__(WHAT, where, detail)
        self.layer = layer
        self.by_layer = ": ".join(part for part in dict.fromkeys((layer.value, where, detail)) if part)


def layered(error: Malformed, layer: Layer) -> MalformedLayer:
    """The same refusal, as one of a layer."""
    return MalformedLayer(layer, error.where, error.detail.removeprefix(f"{error.what}: "))
