"""The description of the register's interface (OpenAPI 3.1), with the limits that this registrar has."""

from typing import Final

from zegel.primitives.http import PROBLEM
from zegel.primitives.json import Json, JsonObject
from zegel.services.register_reader import DEFAULT_PAGE, MAX_PAGE
from zegel.trust.register.parse import MAX_PARTY
from zegel.trust.registration.transport import CERTIFICATES_PATH
from zegel.trust.registration.values import RegistrationFormat
from zegel.web.registrar_site import RegistrarSite

ANSWER: Final = "application/jwt"
_FILTERS: Final = {
    "identifier": "an identifier of the party",
    "legalname": "its official name",
    "tradename": "its trade name, or that of a Service of it",
    "policy": "the address of a policy, of the party or of an intended use",
    "entitlement": "the URI or the object identifier of an entitlement; an unknown one finds nobody",
    "providesattestation": "a type of attestation that it issues",
    "usesintermediary": "the identifier or the trade name of an intermediary that it relies on",
    "isintermediary": "true or false",
    "intendeduseidentifier": "the identifier of an intended use",
    "claimpath": "the path of a claim that it asks for: a name, or a JSON array; also intendedUseClaimPath",
    "credentialmeta": "a type of attestation that it asks for; also intendedUseCredentialMeta",
    "credentialformat": "the format of an attestation that it asks for; also intendedUseCredentialFormat",
    "q": "words that names begin with",
}
_CHECKED: Final = {
    "rpidentifier": "the identifier of the party",
    "intendeduseidentifier": "the identifier of an intended use",
    "credentialformat": "the format of an attestation",
    "claimpath": "the path of a claim: a name, or a JSON array",
    "credentialmeta": "a type of attestation",
    "policyurl": "the address of the privacy policy",
}

_CERTIFIED: Final = {
    "service": "the identifier of the Service that it is about; left out, none",
    "intendeduseidentifier": "the identifier of the intended use; left out, what the Service issues",
    "intermediary": "the identifier of the intermediary that asks; left out, the party itself",
    "format": "jwt or cwt; left out, what Accept prefers, and a JWT where it says nothing",
}


def describe(site: RegistrarSite) -> JsonObject:
    """The description, as JSON."""
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{site.name}: register of relying parties", "version": "v1", "description": _said(site)},
        "servers": [{"url": site.origin}],
        "components": {
            "securitySchemes": {"party": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail", "field", "remedy"],
                    "properties": {
                        name: {"type": "integer" if name == "status" else "string"}
                        for name in ("type", "title", "status", "detail", "field", "remedy")
                    },
                }
            },
        },
        "paths": {
            "/wrp": {
                "get": _operation("search", "Parties that all filters find", _parameters(_FILTERS) + _paging()),
                "put": _writing("update", "Ask for a change of what is registered", body=True),
            },
            "/wrp/check-intended-use": {
                "get": _operation(
                    "check_intended_use",
                    "Whether a party has registered something",
                    _parameters(_CHECKED, required="rpidentifier"),
                )
            },
            "/wrp/{identifier}": {
                "get": _operation("show", "One party", _in_path()),
                "delete": _writing("remove", "Cancel a registration", body=False),
            },
            CERTIFICATES_PATH + "/{identifier}": {
                "get": _operation(
                    "serve_certificate",
                    "The registration certificate in force that ends last, for who shows it to wallets",
                    _in_path() + _parameters(_CERTIFIED),
                    answers=tuple(each.media_type for each in RegistrationFormat),
                )
            },
            "/log/head": {"get": _operation("serve_head", "The signed head of the log of changes", [])},
        },
    }


def _said(site: RegistrarSite) -> str:
    rates = site.rates
    return (
        "Reading is open to all, without a name. "
        f"From one address {rates.register} reads and {rates.request} writes a minute are answered, then 429 with "
        f"Retry-After. A search has at most 8 filters; a page has at most {MAX_PAGE} parties, {DEFAULT_PAGE} where "
        "nothing is said. Answers are JSON Web Signatures under the keys at the address in x-jku-url. An answer may "
        "hold fewer parties than were asked for, or none, and still say that there is a next page."
    )


def _parameters(names: dict[str, str], *, required: str = "") -> list[Json]:
    return [
        {"in": "query", "name": name, "required": name == required, "description": text, "schema": {"type": "string"}}
        for name, text in names.items()
    ]


def _paging() -> list[Json]:
    return [
        {
            "in": "query",
            "name": "limit",
            "description": "how many at a time",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE},
        },
        {
            "in": "query",
            "name": "cursor",
            "description": "next_cursor of the page before",
            "schema": {"type": "string"},
        },
    ]


def _in_path() -> list[Json]:
    return [{"in": "path", "name": "identifier", "required": True, "schema": {"type": "string"}}]


def _operation(
    name: str, summary: str, parameters: list[Json], *, answers: tuple[str, ...] = (ANSWER,)
) -> dict[str, Json]:
    responses = _responses("200", answers=answers)
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": responses}


def _writing(name: str, summary: str, *, body: bool) -> dict[str, Json]:
    operation = _operation(name, summary, [] if body else _in_path())
    operation["security"] = [{"party": []}]
    operation["responses"] = _responses("200", "202") if body else _responses("204")
    if body:
        operation["requestBody"] = {
            "required": True,
            "description": f"a WalletRelyingParty of TS5 1.3, of at most {MAX_PARTY} bytes",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    return operation


def _responses(*good: str, answers: tuple[str, ...] = (ANSWER,)) -> dict[str, Json]:
    refused: dict[str, Json] = {
        "description": "refused",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    answered: dict[str, Json] = {status: _answered(status, answers) for status in good}
    return answered | {"default": refused}


def _answered(status: str, answers: tuple[str, ...]) -> dict[str, Json]:
    """What was asked for is asked for (202) until an officer decides, where nothing is registered yet."""
    answered: dict[str, Json] = {"description": "asked for" if status == "202" else "done"}
    if status != "204":
        answered["content"] = {answer: {"schema": {"type": "string"}} for answer in answers}
    return answered
