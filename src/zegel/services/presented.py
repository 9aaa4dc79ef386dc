"""Log-in by presentation: the issuer asks for another attestation, and what is presented becomes the record.

The question is the issuer's own, under its access certificate, through the verifier that it embeds; the answer is for
the browser in which it was asked.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.presented import read_record
from zegel.formats.catalogue.types import AttestationType, Catalogue
from zegel.formats.claims import Claim, Claims
from zegel.formats.credential import CurrentPresentation, Format
from zegel.primitives.encoding import base64url
from zegel.protocols.openid4vp.dcql import ClaimQuery, CredentialQuery, CredentialSet, DcqlQuery
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer
from zegel.protocols.openid4vp.verifier import AwaitingReturn, Refused, Requested
from zegel.services.ports import KnownPerson, Person, Random
from zegel.services.verifier import Question, VerifierService

# What an attestation says of itself: true of the one that is presented, not of the one that is made from it.
_OF_THE_ATTESTATION: Final = frozenset(
    {
        "issuing_authority",
        "issuing_country",
        "issuing_jurisdiction",
        "issuance_date",
        "expiry_date",
        "document_number",
        "trust_anchor",
        "attestation_legal_category",
    }
)
_REFERENCE_BYTES: Final = 18
_PURPOSE: Final = "To know who you are, for the attestation that you asked for"


@final
class PresentationLogIn:
    """Whoever presents is who it says. The reference is the claim that its type keeps unique, with who vouches for it;
    where there is none a fresh one, under which nobody is found again."""

    def __init__(
        self,
        query: DcqlQuery,
        *,
        verifier: VerifierService,
        catalogue: Catalogue,
        return_uri: str,
        random: Random,
        purpose: str = _PURPOSE,
    ) -> None:
        self.query: Final = query
        self._purpose = purpose
        self._verifier = verifier
        self._catalogue = catalogue
        self._return_uri = return_uri
        self._random = random

    async def begin(self, *, initiator: str) -> tuple[str, Requested]:
        """Ask; the session's id and its state, which has the link."""
        question = Question(query=self.query, initiator=initiator, return_uri=self._return_uri, purpose=self._purpose)
        return await self._verifier.ask(question)

    async def look(self, session: str) -> Requested | AwaitingReturn | None:
        """The question while it is open, or answered and waiting for the browser; None when it is over."""
        try:
            state = await self._verifier.look(session)
        except Rejected:
            return None
        return state if isinstance(state, Requested | AwaitingReturn) else None

    async def finish(self, session: str, *, response_code: str, initiator: str) -> KnownPerson:
        """Who presented, in this browser; ``Rejected`` as ``VerifierService.come_back`` and ``collect``, or CONSENT."""
        if isinstance(await self._verifier.look(session), Refused):
            raise Rejected(Check.CONSENT, "the wallet did not present what the issuer asks for")
        await self._verifier.come_back(session, response_code=response_code, initiator=initiator)
        return self._known(await self._verifier.collect(session, initiator=initiator))

    def _known(self, answer: AcceptedAnswer) -> KnownPerson:
        record: dict[str, Claim] = {}
        references: list[str] = []
        for presentation, type_ in self._presented(answer):
            claims = read_record(type_, presentation.credential.format, presentation.credential.claims)
            unique = [claims[id_] for id_ in type_.unique if isinstance(claims.get(id_), str)]
            references += [f"{presentation.credential.issuer.entity}/{value!s}" for value in unique]
            record |= {id_: value for id_, value in claims.items() if id_ not in _OF_THE_ATTESTATION}
        reference = references[0] if references else base64url(self._random(_REFERENCE_BYTES))
        return KnownPerson(person=Person(id=reference, name=_name(record)), claims=record)

    def _presented(self, answer: AcceptedAnswer) -> Iterator[tuple[CurrentPresentation, AttestationType]]:
        for presentations in answer.presentations.values():
            for presentation in presentations:
                type_ = self._catalogue.find(presentation.credential.type)
                if type_ is None:
                    detail = "what was presented is of a type that the catalogue does not have"
                    raise Rejected(Check.QUERY_TYPE, detail, field="vp_token")
                yield presentation, type_


def build_source_query(asked: AttestationType, types: Sequence[AttestationType]) -> DcqlQuery:
    """Ask for an attestation, in either format, with the claims that these types have in common with it.

    First with all of them and what tells persons apart, then without the latter's optional company, and at least with
    what the types require.
    """
    common = {claim.id for type_ in types for claim in type_.claims} - _OF_THE_ATTESTATION
    required = {claim.id for type_ in types for claim in type_.claims if claim.mandatory} - _OF_THE_ATTESTATION
    return _either(tuple(_credential(asked, format_, common, required, asked.unique) for format_ in asked.formats))


def build_identity_query(asked: AttestationType, names: Sequence[str]) -> DcqlQuery:
    """Ask for an attestation, in either format, with these claims and no others."""
    queries = tuple(_credential(asked, format_, frozenset(names), frozenset(names), ()) for format_ in asked.formats)
    return _either(queries)


def _either(queries: tuple[CredentialQuery, ...]) -> DcqlQuery:
    return DcqlQuery(
        credentials=queries, credential_sets=(CredentialSet(options=tuple((query.id,) for query in queries)),)
    )


def _credential(
    asked: AttestationType, format_: Format, common: Collection[str], required: Collection[str], unique: Sequence[str]
) -> CredentialQuery:
    wanted = {*common, *unique}
    paths = {claim.id: asked.path(claim, format_) for claim in asked.claims if claim.id in wanted}
    claims = tuple(ClaimQuery(path=path, id=id_) for id_, path in paths.items() if path is not None)
    ids = tuple(claim.id for claim in claims if claim.id is not None)
    sets = (ids, _those(ids, {*required, *unique}), _those(ids, required))
    return CredentialQuery(
        id=f"{asked.id}-{'sd-jwt' if format_ is Format.SD_JWT_VC else 'mdoc'}",
        format=str(format_),
        types=(asked.identifier(format_),),
        claims=claims,
        claim_sets=tuple(dict.fromkeys(set_ for set_ in sets if set_)),
    )


def _those(ids: tuple[str, ...], kept: Collection[str]) -> tuple[str, ...]:
    return tuple(id_ for id_ in ids if id_ in kept)


def _name(record: Claims) -> str:
    names = (str(record[name]) for name in ("given_name", "family_name") if name in record)
    return " ".join(names) or "the holder of the attestation"
