"""What is held: batches made of what arrived, copies taken one by one, and when it is time for more.

A copy is used once. Who has shown them all shows the least used one again, and says so (ARF 3.0 ISSU_47).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from zegel.checks import Check
from zegel.errors import Denied, Rejected, ZegelError
from zegel.formats.claims import Claim, Claims
from zegel.formats.credential import Format, VerifiedCredential
from zegel.formats.presentation import parse_credential, verify_credential
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.registered import ALWAYS_DISCLOSED
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.keys import PrivateKey, PublicKey
from zegel.primitives.x509 import DAY
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.wallet.session import Received, Session
from zegel.services.ports import Random
from zegel.services.wallet.contents import Arrived, Batch, Copy, Deferred, Grant, Holding, WalletContents
from zegel.trust.anchors import TrustAnchors

RETRY_SECONDS: Final = 900  # an issuer that could not renew is asked again after a quarter of an hour
RENEWAL_DAYS: Final = 3  # before the end, for a type that the catalogue does not know
MAX_EARLY: Final = 300  # seconds; some issuers let a credential begin later, for clocks that are behind theirs
# RFC 6749 section 5.2, of a refresh token; OpenID4VCI 1.0 section 8.3.1.2, of one credential: unrecoverable
_LAST_WORDS: Final = frozenset({"invalid_grant", "credential_request_denied"})
_UNKNOWN: Final = "invalid_transaction_id"  # section 9.3: of what was deferred
_SAME_TIME: Final = 60  # seconds by which an issuer may sign the copies of a batch one after the other
_ITS_OWN: Final = frozenset({*ALWAYS_DISCLOSED, "iat", "jti"})  # of an SD-JWT's payload; no claims of the person's


def verify_batch(
    received: Received,
    *,
    configuration: CredentialConfiguration,
    keys: Sequence[PrivateKey],
    anchors: TrustAnchors,
    now: int,
) -> Batch:
    """Verify what an issuer sent: each copy, and that all are what was offered, to our keys and alike.

    What begins to be valid soon is kept, and shown to nobody (``is_usable``) before the last of its copies is valid.

    ``Malformed``, or ``Rejected`` with OFFERED_CREDENTIAL or a check of the format's own.
    """
    verified = [
        verify_credential(parse_credential(configuration.format, data), anchors=anchors, now=now, early=MAX_EARLY)
        for data in received.credentials
    ]
    first = verified[0]
    if first.type != configuration.type:
        raise _not_offered("expected the type of the configuration", "type")
    for other in verified[1:]:
        _check_alike(first, other)
    return Batch(
        configuration=configuration.id,
        credential=max(verified, key=lambda each: each.valid_from or 0),
        copies=_bound(verified, received.credentials, keys),
        described=configuration.claims,
        display_name=configuration.display[0].name if configuration.display else None,
        policy=configuration.policy,
    )


def attested(credential: VerifiedCredential) -> Claims:
    """The claims of the person's, without what an SD-JWT says of itself."""
    if credential.format is Format.MDOC:
        return credential.claims
    return {name: value for name, value in credential.claims.items() if name not in _ITS_OWN}


def changed_claims(before: VerifiedCredential, after: VerifiedCredential) -> tuple[ClaimPath, ...]:
    """The paths at which two credentials of one type differ, objects taken apart, arrays as a whole."""
    return tuple(_differences((), attested(before), attested(after)))


def always_visible(holding: Holding) -> tuple[ClaimPath, ...]:
    """The claims that every presentation shows, because the issuer did not make them selectively disclosable.

    Of an mdoc there are none.
    """
    if holding.credential.format is Format.MDOC:
        return ()
    payload = parse_sdjwt(holding.batch.copies[0].data).unverified_jws.unverified_claims
    claims = attested(holding.credential)
    # what is the same before and after its disclosures has none within it
    return tuple((name,) for name, value in payload.items() if name in claims and claims[name] == value)


def find_holding(contents: WalletContents, holding_id: str) -> Holding:
    """The holding; ``Rejected(HELD)`` when there is none."""
    for holding in contents.holdings:
        if holding.id == holding_id:
            return holding
    raise Rejected(Check.HELD, "there is no such credential in this wallet", field="id")


def put_holding(contents: WalletContents, holding: Holding) -> WalletContents:
    """The contents with the holding as it is now, in its old place or at the end."""
    if all(other.id != holding.id for other in contents.holdings):
        return replace(contents, holdings=(*contents.holdings, holding))
    kept = tuple(holding if other.id == holding.id else other for other in contents.holdings)
    return replace(contents, holdings=kept)


def drop_holding(contents: WalletContents, holding_id: str) -> WalletContents:
    """The contents without the whole batch and its keys, without a renewal of it that is still to come, and without a
    grant that nothing hangs on any more."""
    kept = tuple(holding for holding in contents.holdings if holding.id != holding_id)
    flows = {
        id_: flow
        for id_, flow in contents.flows.items()
        if not (isinstance(flow, Deferred) and flow.replaces == holding_id)
    }
    return drop_grants(replace(contents, holdings=kept, flows=flows))


def drop_grants(contents: WalletContents) -> WalletContents:
    """The contents without grants that nothing hangs on any more."""
    return replace(contents, grants=_needed(contents, contents.holdings))


def ends_waiting(error: ZegelError) -> bool:
    """Whether what was deferred never comes after this: anything else may be another time."""
    return isinstance(error, Denied) and error.code in {_UNKNOWN, *_LAST_WORDS}


def put_tokens(contents: WalletContents, grant_id: str, session: Session) -> WalletContents:
    """The contents with the tokens of a session wherever those of its grant are: a server may have replaced the refresh
    token, and then the former is worth nothing (RFC 6749 section 6)."""
    flows = {
        id_: replace(flow, session=replace(flow.session, tokens=session.tokens))
        if isinstance(flow, Arrived | Deferred) and flow.grant == grant_id
        else flow
        for id_, flow in contents.flows.items()
    }
    token = None if session.tokens is None else session.tokens.refresh_token
    grants = {
        id_: replace(grant, refresh_token=token) if id_ == grant_id else grant for id_, grant in contents.grants.items()
    }
    return replace(contents, flows=flows, grants=grants)


def end_renewal(contents: WalletContents, holding_id: str, code: str) -> WalletContents:
    """The contents after a renewal that was refused with ``code``: after an issuer's last word it is the last one.

    A refresh token that is worth nothing is so for everything that hangs on its grant.
    """
    found = next((holding for holding in contents.holdings if holding.id == holding_id), None)
    if found is None or code not in _LAST_WORDS:
        return contents
    ended = {holding.id for holding in contents.holdings if code == "invalid_grant" and holding.grant == found.grant}
    kept = tuple(
        replace(holding, renewable=False) if holding.id in {holding_id, *ended} else holding
        for holding in contents.holdings
    )
    return replace(contents, holdings=kept)


def is_usable(holding: Holding, *, now: int) -> bool:
    """Whether a verifier would take it now, as far as its own dates say."""
    credential = holding.credential
    begins, ends = credential.valid_from, credential.valid_until
    return (begins is None or begins <= now) and (ends is None or now < ends)


def take_copy(holding: Holding, *, random: Random) -> tuple[Holding, Copy, bool]:
    """A copy to show: one that nobody has seen, or the least used of all, and then whether it is shown again.

    Which of several is left to chance, so that nothing follows from the order (ARF 3.0 ISSU_52).
    """
    copies = holding.batch.copies
    least = min(copy.uses for copy in copies)
    candidates = [position for position, copy in enumerate(copies) if copy.uses == least]
    taken = candidates[int.from_bytes(random(8)) % len(candidates)]
    marked = tuple(replace(copy, uses=copy.uses + (at == taken)) for at, copy in enumerate(copies))
    return replace(holding, batch=replace(holding.batch, copies=marked)), copies[taken], least > 0


def is_due(holding: Holding, *, renewal_days: int, now: int) -> bool:
    """Whether to ask for new copies: the last unused one is near, or the end is; and asking has not just failed."""
    if holding.tried_at is not None and now - holding.tried_at < RETRY_SECONDS:
        return False
    reserve = 1 if len(holding.batch.copies) > 1 else 0
    if holding.unused <= reserve:
        return True
    ends = holding.credential.valid_until
    # new copies that end as soon as the old ones are no reason to ask for newer ones at once
    fresh = holding.renewed_at is not None and now - holding.renewed_at < DAY
    return ends is not None and now >= ends - renewal_days * DAY and not fresh


def _bound(
    verified: Sequence[VerifiedCredential], data: Sequence[bytes], keys: Sequence[PrivateKey]
) -> tuple[Copy, ...]:
    """Each copy with the key of ours that it is bound to; no key serves twice."""
    ours: dict[PublicKey | None, PrivateKey] = {key.public_key: key for key in keys}
    copies = []
    for credential, encoded in zip(verified, data, strict=True):
        key = ours.pop(credential.holder_key, None)
        if (key is None) if keys else (credential.holder_key is not None):
            raise _not_offered("expected each copy to be bound to a key of its own, that was proven", "key")
        copies.append(Copy(data=encoded, key=key, status=credential.status))
    return tuple(copies)


def _check_alike(first: VerifiedCredential, other: VerifiedCredential) -> VerifiedCredential:
    """ARF 3.0 ISSU_11a: the same attributes, the same validity; and, which goes without saying, the same issuer."""
    if (other.type, other.issuer.entity) != (first.type, first.issuer.entity):
        raise _not_offered("expected every copy to be of one type and one issuer", "type")
    if attested(other) != attested(first) or other.claims.keys() != first.claims.keys():
        raise _not_offered("expected every copy to hold the same claims", "claims")
    for ours, theirs in ((first.valid_from, other.valid_from), (first.valid_until, other.valid_until)):
        if (ours is None) != (theirs is None) or abs((ours or 0) - (theirs or 0)) > _SAME_TIME:
            raise _not_offered("expected every copy to be valid for the same time", "validity")
    return other


def _differences(at: ClaimPath, before: Claim, after: Claim) -> Iterator[ClaimPath]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            yield from _differences((*at, name), before.get(name), after.get(name))
    elif before != after:
        yield at


def _needed(contents: WalletContents, holdings: tuple[Holding, ...]) -> Mapping[str, Grant]:
    used = {holding.grant for holding in holdings}
    used |= {flow.grant for flow in contents.flows.values() if isinstance(flow, Arrived | Deferred)}
    return {id_: grant for id_, grant in contents.grants.items() if id_ in used}


def _not_offered(detail: str, field: str) -> Rejected:
    return Rejected(Check.OFFERED_CREDENTIAL, detail, field=field)
