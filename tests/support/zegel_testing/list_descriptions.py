"""A list of trusted entities before it is signed: its description, as the page on operations has it, and its parts."""

from typing import Final

from zegel.trust.anchors import Purpose
from zegel.trust.lists.build import ListedEntity
from zegel.trust.lists.issue import IssuedList, issue_trusted_list
from zegel.trust.lists.parse import UnverifiedTrustedList
from zegel.trust.lists.values import ListType, ServiceType
from zegel.trust.signing import CertifiedSigner
from zegel_testing.authorities import NOW, anchor, authority, signer, trusting
from zegel_testing.lists import LIST_ROOT, OPERATOR, entity, scheme, service
from zegel_testing.markdown import the_block

DESCRIPTION: Final = the_block("toml list").text
SCHEME: Final = DESCRIPTION.partition("[[entities]]")[0]
AUTHORITY: Final = authority("PID authority")
PROVIDER: Final = signer(AUTHORITY, "PID provider", Purpose.ISSUER)
SIGNER: Final = CertifiedSigner(signer=OPERATOR.key, certificates=(OPERATOR.certificate,))
_LASTING: Final = signer(LIST_ROOT, "lasting list operator", Purpose.LIST, days=400)
LASTING_SIGNER: Final = CertifiedSigner(signer=_LASTING.key, certificates=(_LASTING.certificate,))
OPERATORS: Final = trusting(anchor(LIST_ROOT, Purpose.LIST))
ENTITY: Final = entity("Utopian identity office", service(ServiceType.PID_ISSUANCE, AUTHORITY.certificate))


def issued_list(
    *entities: ListedEntity,
    list_type: ListType = ListType.PID_PROVIDERS,
    signer: CertifiedSigner = SIGNER,
    before: UnverifiedTrustedList | None = None,
    days: int = 30,
    now: int = NOW,
) -> IssuedList:
    """The list that follows, of the one entity where none is given."""
    return issue_trusted_list(
        scheme(list_type),
        entities or (ENTITY,),
        signer=signer,
        operators=OPERATORS,
        before=before,
        days=days,
        now=now,
    )
