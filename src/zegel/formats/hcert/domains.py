"""For which certificates a signer counts, by the trust domain that WHO's list has it in.

A trust domain is who joined for which use: who signs summaries for pilgrims signs no vaccinations. The DDCC domain has
the EU's certificate among the forms that it takes (SMART Trust 1.1.6, trust domains); lists name DCC beside it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias


class Family(StrEnum):
    """Certificates of one use."""

    DCC = "dcc"
    DDCC = "ddcc"
    ICVP = "icvp"


Domains: TypeAlias = Mapping[Family, frozenset[str]]
"""The domains whose signers count, for certificates of each family."""

SPECIFIED: Final[Domains] = {
    Family.DCC: frozenset({"DCC", "DDCC"}),
    Family.DDCC: frozenset({"DDCC"}),
    Family.ICVP: frozenset({"ICVP"}),
}
