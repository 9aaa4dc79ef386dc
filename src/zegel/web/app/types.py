"""What types extend, as a role that verifies reads it."""

from zegel.adapters.catalogue import load_catalogue
from zegel.services.type_metadata import TypeReader, described_types
from zegel.web.app.roles import World


def open_types(world: World) -> TypeReader:
    """The reader of a role, with the documents of the package's own types at hand."""
    known = described_types(load_catalogue())
    return TypeReader(outbound=world.outbound, known=known, clock=world.clock)
