"""Issuance of SD-JWT VCs (RFC 9901 section 4, SD-JWT VC draft 16 section 2.2; what draft 13 reads alike).

What is the same for every credential of a type is prepared once. What makes a credential unlike all others (salts,
decoys, the holder's key) passes through ``issue`` and is kept nowhere: the issuer need not forget it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias, final

from zegel.formats.credential import StatusReference
from zegel.formats.sdjwt.disclosures import HASH_ALGORITHM, RESERVED_NAMES
from zegel.formats.sdjwt.registered import ALWAYS_DISCLOSED
from zegel.formats.sdjwt.verify import TYPE
from zegel.formats.status.reference import status_claim
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import base64url, base64url_digests, encode_base64url
from zegel.primitives.json import Json, JsonObject, encode_json
from zegel.primitives.jws import encode_header, sign_encoded
from zegel.primitives.keys import PublicKey, Signer

Random: TypeAlias = Callable[[int], bytes]

_SALT_BYTES: Final = 18  # RFC 9901 section 9.3 recommends 16; 18 fill 24 symbols, so that many are encoded in one go
_SALT_SYMBOLS: Final = 24
_SALTS_AT_ONCE: Final = 48  # a PID with its decoys needs fewer
_SET_BY_ISSUER: Final = frozenset({*ALWAYS_DISCLOSED, "iat"})


@final
class SdJwtIssuer:
    """Issues credentials of one type with one key.

    Every top-level claim, nested property and array entry is selectively disclosable on its own, but those in
    ``in_the_clear``: paths of names, and None for every entry of an array. ``decoys`` is how many digests without a
    claim stand among those of the top level; it is the type's, never the person's. ``chain`` is DER, leaf first,
    without the anchor; ``integrity`` is the hash of the type's document, ``name`` is ``iss``.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        chain: tuple[bytes, ...],
        vct: str,
        in_the_clear: Collection[ClaimPath] = (),
        decoys: int = 0,
        also_known_as: tuple[str, ...] = (),
        integrity: str | None = None,
        name: str | None = None,
    ) -> None:
        self._signer: Final = signer
        self._header: Final = encode_header(signer=signer, typ=TYPE, x5c=chain)
        self._rules: Final = _rules(in_the_clear)
        self._decoys: Final = decoys
        self._same: Final = _present(
            {"iss": name, "vct": vct, "vct#integrity": integrity, "aka_vcts": also_known_as or None}
        )

    def issue(
        self,
        claims: JsonObject,
        *,
        holder_key: PublicKey | None,
        status: StatusReference | None,
        issued_at: int | None,
        valid_from: int | None,
        valid_until: int | None,
        random: Random,
    ) -> bytes:
        """Issue one credential in compact serialisation, with all its disclosures.

        Times are seconds since the epoch, as the caller rounded them. The claims hold none of the names that are set
        here, nor ``_sd``, ``_sd_alg`` or ``...``: ValueError.
        """
        if not _SET_BY_ISSUER.isdisjoint(claims):
            raise ValueError("a claim has a name that the issuer sets")
        concealment = _Concealment(random)
        payload = concealment.object(claims, self._rules, decoys=self._decoys)
        payload |= self._same
        payload |= _present({"iat": issued_at, "nbf": valid_from, "exp": valid_until})
        if status is not None:
            payload["status"] = status_claim(status)
        if holder_key is not None:
            payload["cnf"] = {"jwk": holder_key.jwk()}
        payload["_sd_alg"] = HASH_ALGORITHM
        signed = sign_encoded(self._header, encode_json(payload), signer=self._signer)
        return b"~".join((signed, *concealment.disclosures, b""))


@final
@dataclass(frozen=True, slots=True)
class _Rule:
    """What is in the clear at one place, and below it by name; None stands for every entry of an array."""

    clear: bool
    inner: "Mapping[str | int | None, _Rule]"


_Rules: TypeAlias = Mapping[str | int | None, _Rule]
_CONCEALED: Final = _Rule(clear=False, inner={})


def _rules(in_the_clear: Collection[ClaimPath]) -> _Rules:
    if not all(name is None or type(name) is str for path in in_the_clear for name in path):
        raise ValueError("expected paths of names, and None for every entry of an array")
    names = {path[0] for path in in_the_clear if path}
    return {
        name: _Rule(
            clear=(name,) in in_the_clear,
            inner=_rules([path[1:] for path in in_the_clear if path and path[0] == name]),
        )
        for name in names
    }


@final
class _Concealment:
    """The salts of one credential, and its disclosures as they come about: those within a value before its own."""

    __slots__ = ("_salts", "disclosures")

    def __init__(self, random: Random) -> None:
        self.disclosures: list[bytes] = []
        self._salts = _salts(random)

    def object(self, node: Mapping[str, Json], rules: _Rules, *, decoys: int = 0) -> dict[str, Json]:
        """The object with the digests of what is concealed, in an order that says nothing."""
        if not RESERVED_NAMES.isdisjoint(node):
            raise ValueError("a claim has a name that SD-JWT reserves")
        salts, disclosures = self._salts, []
        clear: dict[str, Json] = {}
        for name, value in node.items():
            rule = rules.get(name, _CONCEALED)
            shown = self._inner(value, rule.inner) if type(value) in _CONTAINERS else value
            if rule.clear:
                clear[name] = shown
            else:
                disclosures.append(encode_base64url(encode_json((next(salts), name, shown))))
        if disclosures:  # SD-JWT VC draft 16 section 2.2.2.4: no _sd where nothing is selectively disclosable
            clear["_sd"] = sorted(self._digests(disclosures, decoys))
        return clear

    def _inner(self, value: Json, rules: _Rules) -> Json:
        if isinstance(value, dict):
            return self.object(value, rules)
        assert isinstance(value, list | tuple)
        return self._array(value, rules)

    def _array(self, node: Sequence[Json], rules: _Rules) -> list[Json]:
        rule = rules.get(None, _CONCEALED)
        shown = [self._inner(value, rule.inner) if type(value) in _CONTAINERS else value for value in node]
        if rule.clear:
            return shown
        disclosures = [encode_base64url(encode_json((next(self._salts), value))) for value in shown]
        return [{"...": digest} for digest in self._digests(disclosures, 0)]

    def _digests(self, disclosures: list[bytes], decoys: int) -> list[str]:
        self.disclosures += disclosures
        hashed = [*disclosures, *(next(self._salts).encode() for _ in range(decoys))]  # RFC 9901 section 4.2.5
        return base64url_digests([sha256(text).digest() for text in hashed])


def _salts(random: Random) -> Iterator[str]:
    while True:
        text = base64url(random(_SALT_BYTES * _SALTS_AT_ONCE))
        for start in range(0, len(text), _SALT_SYMBOLS):
            yield text[start : start + _SALT_SYMBOLS]


def _present(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}


_CONTAINERS: Final = frozenset({dict, list, tuple})
