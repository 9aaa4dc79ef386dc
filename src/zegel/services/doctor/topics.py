"""What a deployment is examined for: a table, like that of the checks.

Where a check refuses something, its own clause and remedy are told; a topic's are for what no check is about.
"""

from enum import Enum


class Topic(Enum):
    """A subject of the examination. ``Topic.CLOCK.id`` is ``clock``, as the command line spells it."""

    def __init__(self, rule: str, clause: str, remedy: str) -> None:
        self.rule = rule
        self.clause = clause
        self.remedy = remedy

    @property
    def id(self) -> str:
        """The name in JSON and on the command line: lower case with hyphens."""
        return self.name.lower().replace("_", "-")

    REACHABLE = (
        "it answers, with the document that belongs at its address",
        "RFC 8414 section 3; OpenID4VCI 1.0 section 12.2.2; OpenID Connect Discovery 1.0 section 4",
        "serve the document at the well-known address of the very identifier, without a redirect, with status 200",
    )
    IDENTITY = (
        "the identifier that it gives itself is the address that it was asked at, letter by letter",
        "OpenID4VCI 1.0 section 12.2.4; RFC 8414 section 3.3; OpenID Connect Discovery 1.0 section 4.3",
        "configure the origin exactly as wallets and services get it: scheme, host, port, path, no slash at the end",
    )
    TLS = (
        "it is reached over TLS 1.2 or later, under a certificate for its host that browsers trust and that lasts",
        "RFC 9325 section 3.1.1; FAPI 2.0 Security Profile section 5.2.1",
        "serve TLS 1.3, renew the certificate two weeks before its end, and send the whole chain",
    )
    CLOCK = (
        "its clock agrees with ours within the skew that wallets tolerate",
        "RFC 7519 section 4.1.4; RFC 9110 section 6.6.1",
        "keep the time by NTP: what is issued in the future, or has expired, is refused everywhere",
    )
    CONTENT = (
        "what it answers says what it is, and no reader may guess otherwise",
        "RFC 9110 section 8.3; Fetch section 3.6",
        "send the Content-Type that the specification names, and X-Content-Type-Options: nosniff",
    )
    TRANSPORT_SECURITY = (
        "browsers are told to come over TLS alone",
        "RFC 6797 section 6.1",
        "send Strict-Transport-Security with a max-age of at least half a year",
    )
    CORS = (
        "wallets that run in a browser can read its public documents",
        "Token Status List draft 20 section 8.1; Fetch section 3.3",
        "send Access-Control-Allow-Origin: * with public documents, and with nothing else",
    )
    METADATA = (
        "its metadata is complete, and each thing that it offers can be used",
        "OpenID4VCI 1.0 section 12.2.4; RFC 8414 section 2",
        "correct the member that is named",
    )
    SIGNED_METADATA = (
        "its metadata is signed under its access certificate, so that a wallet knows who issues",
        "OpenID4VCI 1.0 section 12.2.3; ARF 3.0 ISSU_22",
        "sign the metadata under the access certificate, and send its whole chain without the anchor",
    )
    CERTIFICATE = (
        "its certificate is good for a while yet",
        "RFC 5280 section 4.1.2.5; ETSI TS 119 411-8",
        "renew it in time: a wallet has no way to ask on an expired one",
    )
    CERTIFICATE_PROFILE = (
        "its certificate is what one for its purpose has to be",
        "ETSI TS 119 411-8 sections 5.3 and 6.6.1; ISO/IEC 18013-5 table B.3; ARF 3.0 Reg_12 and Reg_31 to Reg_34",
        "have the authority issue one of the right profile, with what is named in it",
    )
    CHAIN = (
        "its certificate leads to an authority on a list of trusted entities in force, and nothing below is revoked",
        "ETSI TS 119 602 clause 6; ARF 3.0 RPA_04, RPACANot_03 and RPACANot_04",
        "send the whole chain without the anchor, and have the authority notified to the list for this very purpose",
    )
    TIMESTAMP = (
        "its access certificate carries a log's promise that it was published before it was used",
        "ARF 3.0 CT_04 to CT_06; RFC 9162 section 7.1; RFC 6962 section 3.3",
        "have the authority issue another one by way of a log that stands on the list of trusted entities",
    )
    AUTHORIZATION = (
        "its authorization server offers what the high-assurance profile asks for",
        "HAIP 1.0 section 4; FAPI 2.0 Security Profile section 5.3.2",
        "offer what is named, in the metadata and at the endpoint",
    )
    NONCE = (
        "it gives out a fresh nonce each time, and nobody on the way keeps it",
        "OpenID4VCI 1.0 section 7.2",
        "answer each request with another c_nonce, and with Cache-Control: no-store",
    )
    STATUS = (
        "each of its status lists is there, signed by somebody trusted, and fresh",
        "Token Status List draft 20 sections 8 and 9",
        "publish each list again before its time is over, under a signer that stands on the list of trusted entities",
    )
    REQUEST = (
        "its request is one that a wallet can show and answer",
        "OpenID4VP 1.0 sections 5 and 8; HAIP 1.0 section 5",
        "correct the member that is named; zegel explain has the rule",
    )
    REGISTRATION = (
        "it shows one registration certificate: of a listed provider, for its own access certificate, and not revoked",
        "ARF 3.0 RPRC_01a, RPRC_17, RPRC_17a, RPRC_19 and RPRC_22; ETSI TS 119 475 V1.2.1 clause 5.2",
        "have the registrar issue another one before this one ends; a role reads its file again without a restart",
    )
    REGISTERED = (
        "everything that an answer to its query could disclose is registered, and so is everything that it issues",
        "ARF 3.0 RPRC_21, RPRC_23, ISSU_24a, ISSU_24b, ISSU_34a and ISSU_34b",
        "ask for and issue what is registered, or have more registered and send the new registration certificate",
    )
    KEYS = (
        "its published keys can be read, and each has a name of its own",
        "RFC 7517 section 4.5; OpenID Connect Core 1.0 section 10.1",
        "publish EC keys for ES256, ES384 or ES512, each with its own kid, and nothing private",
    )
    SIGNED_ANSWER = (
        "what it publishes for others to rely on is signed by itself, and of now",
        "TS5 1.3 section 3; RFC 9162 sections 4.10 and 5.2; ETSI TS 119 602 clause 6.3",
        "sign under the key that is published or listed for it, and keep that and what it signs up to date",
    )
    TRUST = (
        "the lists of trusted entities that it relies on are there and in force",
        "ETSI TS 119 602 clause 6.3.15; ARF 3.0 OIA_15a",
        "see that each list can be fetched and is published again before its next update is due",
    )
    CONFIGURATION = (
        "its configuration can be read, and so can everything that it names",
        "zegel's own",
        "correct the setting that is named; zegel config check tries it without starting anything",
    )
