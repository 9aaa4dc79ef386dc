"""Every rule by which zegel refuses: one table for the result page, the log line, ``zegel explain`` and the docs.

The order is the order in which a reader meets them: signatures, trust, credentials, requests, issuance, transport.
Each member carries the rule, the clause it comes from, the field that it is about, the side at fault, and the remedy.
"""

from enum import Enum, StrEnum


class Fault(StrEnum):
    """The side that has to change something."""

    ISSUER = "issuer"
    WALLET = "wallet"
    WALLET_PROVIDER = "wallet provider"
    VERIFIER = "verifier"
    CLIENT = "client"
    PERSON = "person"
    OPERATOR = "operator"
    SENDER = "sender"


class Check(Enum):
    """A rule that input may fail. ``Check.NONCE.id`` is ``nonce``, as the command line and the log spell it."""

    def __init__(self, rule: str, clause: str, field: str, fault: Fault, remedy: str) -> None:
        self.rule = rule
        self.clause = clause
        self.field = field
        self.fault = fault
        self.remedy = remedy

    @property
    def id(self) -> str:
        """The name on the wire, in logs and on the command line: lower case with hyphens."""
        return self.name.lower().replace("_", "-")

    # --- before any meaning -----------------------------------------------------------------------------------

    SYNTAX = (
        "the input has the grammar of its specification, and is within the limits of size, depth and count",
        "the specification of the object that is named",
        "the whole message, or the place in it that the refusal names",
        Fault.SENDER,
        "send the object as its specification writes it; the refusal names the place, and the limit where there is one",
    )
    AVAILABILITY = (
        "what is needed from outside can be reached, and answers in time",
        "zegel's own",
        "the host, file or key that is named",
        Fault.OPERATOR,
        "see that the host, the file or the key that is named is there, and try again",
    )

    OVERLOAD = (
        "nobody waits longer for an answer than a worker lets them",
        "RFC 9110 sections 10.2.3 and 15.6.4",
        "the role that is asked",
        Fault.OPERATOR,
        "come again when Retry-After says; where that happens often, the role needs more workers, or another machine",
    )

    CONFIGURATION = (
        "a file that an operator writes has the settings that are described for it, each of the kind that is described",
        "zegel's own",
        "the setting, or the line, that is named",
        Fault.OPERATOR,
        "correct what is named as it is described; zegel config check reads a configuration, and what it names, again",
    )

    # --- signed objects, whatever they mean -------------------------------------------------------------------

    TOKEN_TYPE = (
        "the header's typ names the object that is expected here",
        "RFC 8725 section 3.11",
        "header.typ",
        Fault.SENDER,
        "sign the object with the typ of its own specification; never offer one object in another's place",
    )
    ALGORITHM = (
        "the algorithm is on the allow-list and is the one of the key",
        "RFC 8725 section 3.1; HAIP 1.0 section 7; eHN Electronic Health Certificates 1.0.5 section 3.2.1",
        "header.alg",
        Fault.SENDER,
        "sign with ES256 (or ES384, ES512, PS256 where allowed), with a key on the curve of that algorithm",
    )
    CRITICAL_HEADER = (
        "no critical header extension is used, and the payload is encoded",
        "RFC 7515 section 4.1.11; RFC 7797 section 6; RFC 9052 section 3.1",
        "header.crit",
        Fault.SENDER,
        "leave crit and b64 out of the header",
    )
    KEY_SOURCE = (
        "the key comes from where the profile says, never from the token itself",
        "RFC 8725 section 3.10; RFC 7515 section 4.1.8",
        "header",
        Fault.SENDER,
        "leave jwk, jku and x5u out of the header; send the certificate chain in x5c, and in x5t#S256, if at all, the "
        "thumbprint of its first certificate",
    )
    SIGNATURE = (
        "the signature verifies under the key that is expected to have made it",
        "RFC 7515 section 5.2; RFC 9052 section 4.4",
        "signature",
        Fault.SENDER,
        "sign the bytes that are sent, with the key that is announced",
    )

    ENCRYPTION = (
        "the message is encrypted as offered: ECDH-ES, A128GCM or A256GCM, to the key that was sent for it",
        "HAIP 1.0 section 5; OpenID4VP 1.0 section 8.3; RFC 7518 section 4.6",
        "header",
        Fault.SENDER,
        "encrypt with ECDH-ES to the key of this very request, echo its kid, and leave zip out",
    )

    # --- certificates and trust -------------------------------------------------------------------------------

    CHAIN = (
        "the signer's chain is sent leaf first, without the anchor, and its leaf is not self-signed",
        "HAIP 1.0 sections 4.1, 4.4.1, 4.5.1, 5 and 6.1.1",
        "x5c",
        Fault.SENDER,
        "send the leaf and the intermediate certificates in order; leave the trust anchor out",
    )
    ANCHOR = (
        "the signer's chain leads to an anchor that is trusted for this purpose",
        "ETSI TS 119 602; ARF 3.0 OIA_12 to OIA_15",
        "x5c",
        Fault.SENDER,
        "have the authority put on the list of trusted entities for this purpose, or load the list that holds it",
    )
    CERTIFICATE_PROFILE = (
        "each certificate of the chain has the profile of its purpose",
        "ISO/IEC 18013-5:2021 annex B; ETSI TS 119 411-8",
        "x5c",
        Fault.SENDER,
        "issue the certificate with the key usage, extended key usage and names of its profile",
    )
    CERTIFICATE_VALIDITY = (
        "the signer's certificate is within its validity period",
        "RFC 5280 section 4.1.2.5",
        "x5c",
        Fault.SENDER,
        "renew the certificate, or correct the clock",
    )
    CERTIFICATE_REVOKED = (
        "no certificate of the signer's chain is revoked",
        "RFC 5280 section 6.3; ETSI TS 119 411-8",
        "x5c",
        Fault.SENDER,
        "get another certificate; whoever holds the key of this one is not believed any more",
    )
    REVOCATION_LIST = (
        "a list of revoked certificates is whole, and signed by the authority whose certificates it is about",
        "RFC 5280 sections 5 and 6.3.3",
        "the list of revoked certificates",
        Fault.OPERATOR,
        "have the authority publish a complete list under its own key, whose key usage is cRLSign",
    )
    REVOCATION_STALE = (
        "what is known of revocation is in force, or late by no more than the grace that the profile allows",
        "RFC 5280 section 5.1.2.5; ARF 3.0 VCR_14",
        "x5c",
        Fault.OPERATOR,
        "see that the authority's list can be fetched, and that it is published anew before its next update is due",
    )
    ENTITLEMENT = (
        "the signer is trusted for this attestation type",
        "ARF 3.0 ISSU_24, OIA_12; SD-JWT VC draft 16 section 3.5",
        "the type: vct or docType",
        Fault.ISSUER,
        "have the type added to the issuer's entry on the list of trusted entities",
    )
    LIST_TYPE = (
        "the list of trusted entities is of the type that is expected",
        "ETSI TS 119 602 section 6.3.3",
        "LoTEType",
        Fault.OPERATOR,
        "configure the list of that type, or correct LoTEType",
    )
    LIST_FRESHNESS = (
        "the list of trusted entities is issued already and its next update is not overdue",
        "ETSI TS 119 602 sections 6.3.14 and 6.3.15",
        "ListIssueDateTime and NextUpdate",
        Fault.OPERATOR,
        "publish or fetch a newer list",
    )
    LIST_SEQUENCE = (
        "a list of trusted entities never goes back behind one that was seen",
        "ETSI TS 119 602 section 6.3.2",
        "LoTESequenceNumber",
        Fault.OPERATOR,
        "publish the list under a higher sequence number",
    )
    CLIENT_BINDING = (
        "the client identifier is the signing certificate's hash, or a DNS name of it that is also the response's host",
        "OpenID4VP 1.0 section 5.9.3; HAIP 1.0 section 5",
        "client_id and response_uri",
        Fault.VERIFIER,
        "derive client_id from the certificate that signs the request, and take the answer on the host it names",
    )
    CERTIFICATE_TIMESTAMP = (
        "an access certificate carries a timestamp of a log on the list, made while that log was in service",
        "ARF 3.0 CT_04 to CT_06 and RPA_06a; RFC 9162 sections 7.1.2 and 8.1; RFC 6962 section 3.3",
        "x5c",
        Fault.VERIFIER,
        "have the access authority submit the certificate to a log on the list, and embed the timestamp it gets",
    )
    TREE_HEAD = (
        "a log's tree head is signed with the key on the list, of now, and never behind one that was shown before",
        "RFC 9162 sections 4.10, 8.1.5 and 8.3",
        "sth",
        Fault.OPERATOR,
        "keep both tree heads: they are the log's own signed words; ask who runs it, and trust it no longer meanwhile",
    )
    LOG_PROOF = (
        "a log's proofs lead from its entries to its tree heads, and from each tree head to the next",
        "RFC 9162 sections 2.1.3.2, 2.1.4.2 and 8.3",
        "inclusion or consistency",
        Fault.OPERATOR,
        "fetch both again; where it stays so, the log has changed what it had signed: trust it no longer",
    )
    LOG_SUBMISSION = (
        "a log takes in what an accepted authority issued, or announced as section 3.2 has it, with its whole chain",
        "RFC 9162 sections 3.2, 4.2 and 5.1",
        "submission, type and chain",
        Fault.SENDER,
        "submit the certificate or the pre-certificate with the chain up to an anchor that get-anchors names",
    )
    LOG_QUERY = (
        "a log is asked for entries, leaves and trees that it has",
        "RFC 9162 sections 5.3 to 5.6",
        "the query",
        Fault.SENDER,
        "ask within the latest tree head that get-sth gives",
    )
    ATTESTATION_VALIDITY = (
        "a wallet or key attestation is valid now, and a wallet attestation for at most 24 hours",
        "attestation-based client authentication draft 07 section 9; TS3 1.5 section 2.2.1.1; OpenID4VCI 1.0 D.1",
        "nbf, iat and exp",
        Fault.WALLET_PROVIDER,
        "fetch a fresh attestation from the wallet provider, or correct the clock",
    )
    ATTESTATION_STATUS = (
        "an attestation of a wallet or of keys names the entry of a status list, maintained for 31 days more at least",
        "TS3 1.5 sections 2.3 and 2.4.2; ARF 3.0 WUA_26, WUA_30 and ISSU_12c",
        "client_status and key_storage_status",
        Fault.WALLET_PROVIDER,
        "attest with client_status and key_storage_status, each with an exp at least 31 days ahead when it is shown",
    )
    ATTESTATION_REVOKED = (
        "neither the wallet nor the storage of its keys is revoked by the wallet provider",
        "TS3 1.5 sections 2.4.3 and 2.5; ARF 3.0 WUA_11a, WUA_25 and WURevocation_18",
        "status_list.idx",
        Fault.WALLET,
        "see at the wallet provider why it was revoked, and set up a new wallet; a revocation is final",
    )
    KEY_STORAGE = (
        "the keys are stored, and their use is authorised, with the resistance to attack that the issuer requires",
        "OpenID4VCI 1.0 sections 12.2.4 and D.2; ARF 3.0 ISSU_27d",
        "key_storage and user_authentication",
        Fault.WALLET,
        "create the keys in a storage of the level that the issuer's metadata requires",
    )

    # --- credentials ------------------------------------------------------------------------------------------

    HASH_ALGORITHM = (
        "digests are made with SHA-256, and the algorithm is named in the clear at the top level alone",
        "RFC 9901 section 4.1.1; HAIP 1.0 section 8",
        "_sd_alg",
        Fault.ISSUER,
        "issue with sha-256 in _sd_alg, or leave _sd_alg out",
    )
    DIGEST_PLACE = (
        "digests stand in _sd arrays and as the one member ... of an array entry alone, and none stands twice",
        "RFC 9901 sections 4.1, 4.2.4 and 7.1 step 4",
        "_sd, or ... in an array entry",
        Fault.ISSUER,
        "use _sd and ... for digests only, each with a salt of its own",
    )
    DISCLOSED_CLAIM = (
        "a disclosure has the shape of the place of its digest, and a name that is free there",
        "RFC 9901 section 7.1 step 3.c",
        "_sd, or ... in an array entry",
        Fault.ISSUER,
        "disclose salt, name and value into an object, salt and value into an array, and no name that is taken",
    )
    DISCLOSURE = (
        "each disclosure that is sent is one that the issuer signed, sent once and with those that lead to it",
        "RFC 9901 section 7.1 step 5",
        "the disclosures",
        Fault.WALLET,
        "send disclosures of this credential, and with a nested one those around it",
    )
    ALWAYS_DISCLOSED = (
        "what decides about a credential's validity is not selectively disclosable",
        "SD-JWT VC draft 16 section 2.2.2.2; RFC 9901 section 9.7",
        "iss, nbf, exp, cnf, vct, vct#integrity, aka_vcts and status",
        Fault.ISSUER,
        "put iss, nbf, exp, cnf, vct, vct#integrity, aka_vcts and status, and all within them, in the clear",
    )
    ISSUER_NAME = (
        "a credential that names its issuer names the subject of the certificate that signed it",
        "SD-JWT VC draft 16 section 2.5; HAIP 1.0 section 6.1.1",
        "iss",
        Fault.ISSUER,
        "leave iss out, or have it in the signer's certificate as a URI or, by its host, as a DNS name",
    )
    CREDENTIAL_VALIDITY = (
        "the credential is issued already, valid already and not expired",
        "RFC 7519 sections 4.1.4 to 4.1.6; ISO/IEC 18013-5:2021 section 9.3.1 step 5",
        "iat, nbf and exp, or validityInfo",
        Fault.WALLET,
        "present a copy that is valid now; renew the credential, or correct the clock",
    )
    HEALTH_SIGNER = (
        "a health certificate names the key of a health authority that is on the trust list",
        "eHN Electronic Health Certificates 1.0.5 sections 3.2.2 and 5",
        "kid",
        Fault.ISSUER,
        "load the newest trust list; if the key is not on it, nobody vouches for the certificate",
    )
    HEALTH_VALIDITY = (
        "a health certificate is issued already, valid already and not expired",
        "eHN Electronic Health Certificates 1.0.5 section 3.3; RFC 8392 section 3.1.5",
        "iat, nbf and exp",
        Fault.PERSON,
        "ask the health authority for a new certificate, or correct the clock",
    )
    HEALTH_KEY_USAGE = (
        "who signs a health certificate may sign those of its kind: of vaccination, test or recovery",
        "eHN Electronic Health Certificates 1.0.5 section 5.1",
        "extendedKeyUsage",
        Fault.ISSUER,
        "sign with a key whose certificate names this kind, or none",
    )
    HEALTH_VOUCHER = (
        "an entry of the gateway's trust list is signed by its state's upload certificate, and that by the anchor",
        "EU DCC public key certificate governance; RFC 5652 section 5",
        "signature",
        Fault.OPERATOR,
        "have the whole list of the gateway, with upload certificates and authorities, and the anchor of its time",
    )
    HEALTH_LIST = (
        "a trust list of health is not signed in the future or before the kept one, and has not lost many signers",
        "zegel's own; WHO DID trust list 2.0.0 (proof.created)",
        "proof.created, and the entries",
        Fault.OPERATOR,
        "see whether clocks are right; if its publisher took many off, zegel hcert refresh --accept takes the list",
    )
    TYPE_INTEGRITY = (
        "a type's document has the hash that the reference to it names",
        "SD-JWT VC draft 16 section 5; W3C Subresource Integrity section 3.3.5",
        "vct#integrity and extends#integrity",
        Fault.ISSUER,
        "publish the document byte for byte as it was when the reference was made",
    )
    TYPE_METADATA = (
        "a type's document describes that type, and what it extends leads to an end and is not contradicted",
        "SD-JWT VC draft 16 sections 4.3, 4.4, 4.6.5 and 6.3",
        "vct, extends and claims",
        Fault.ISSUER,
        "correct vct, extends, sd or mandatory in the type's document",
    )

    SECURITY_OBJECT = (
        "the mobile security object has version 1.0 and digests with SHA-256, SHA-384 or SHA-512",
        "ISO/IEC 18013-5:2021 sections 9.1.2.4 and 9.1.2.5",
        "issuerAuth",
        Fault.ISSUER,
        "write version 1.0 and digestAlgorithm SHA-256",
    )
    ELEMENT_DIGEST = (
        "each element that is disclosed has the digest that the issuer signed under its namespace and digest ID",
        "ISO/IEC 18013-5:2021 section 9.3.1 step 3",
        "valueDigests",
        Fault.WALLET,
        "send issuer-signed items byte for byte as they were issued",
    )
    REPEATED_ELEMENT = (
        "each element and each digest ID occurs once in a namespace",
        "ISO/IEC 18013-5:2021 section 9.1.2.5",
        "nameSpaces",
        Fault.WALLET,
        "send each element once",
    )
    SIGNING_TIME = (
        "the mobile security object was signed within the validity of its signer's certificate",
        "ISO/IEC 18013-5:2021 section 9.3.1 step 5",
        "validityInfo.signed",
        Fault.ISSUER,
        "sign with a certificate that is valid on the date in validityInfo.signed",
    )

    # --- presentations ----------------------------------------------------------------------------------------

    HOLDER_BINDING = (
        "a presentation proves who holds the credential, and an issued credential does not",
        "RFC 9901 sections 7.2 and 7.3; OpenID4VP 1.0 section 14.1.2",
        "cnf, or deviceKey",
        Fault.WALLET,
        "present with a proof by the key that the credential is bound to",
    )
    HOLDER_SIGNATURE = (
        "the holder's signature verifies under the key that the credential is bound to",
        "RFC 9901 section 7.3 step 5; ISO/IEC 18013-5:2021 section 9.1.3",
        "the signature of the holder",
        Fault.WALLET,
        "sign with the key in the credential",
    )
    AUDIENCE = (
        "the proof was made for us, and so was a credential that says for whom it is",
        "RFC 9901 sections 4.3 and 7.1 step 6; RFC 7519 section 4.1.3; OpenID4VP 1.0 section 14.1.2",
        "aud",
        Fault.WALLET,
        "make the proof for the client identifier of the request, of a credential whose aud does not leave it out",
    )
    NONCE = (
        "the nonce in the proof is the one we sent",
        "RFC 9901 section 4.3; OpenID4VP 1.0 section 14.1.2",
        "nonce",
        Fault.WALLET,
        "answer the request that is open, and answer it once",
    )
    PROOF_TIME = (
        "the proof was made just now, and is valid now where it says when",
        "RFC 9901 section 7.3 steps 5.5 and 5.8; RFC 7519 sections 4.1.4 to 4.1.6",
        "iat, nbf and exp",
        Fault.WALLET,
        "make a new proof for each presentation, and correct the clock",
    )
    PRESENTED_BYTES = (
        "the holder signed the very bytes that are presented",
        "RFC 9901 section 4.3.1",
        "sd_hash",
        Fault.WALLET,
        "hash the credential and its disclosures as they are sent, up to the last tilde",
    )
    TRANSACTION_DATA = (
        "the holder signed the transaction data that was sent, all of it and nothing else",
        "OpenID4VP 1.0 sections 8.4, B.2.1 and B.3.3",
        "transaction_data_hashes",
        Fault.WALLET,
        "hash each string of transaction_data as it was received, with an algorithm that it allows",
    )

    DEVICE_RESPONSE = (
        "a device response holds one document, with status 0 and without errors",
        "HAIP 1.0 section 5.3.1; ISO/IEC 18013-5:2021 sections 8.3.2.1.2.2 and 8.3.2.1.2.3",
        "documents, documentErrors and status",
        Fault.WALLET,
        "return each mdoc in a device response of its own, and no mdoc where there is none to return",
    )
    DOC_TYPE = (
        "the document is of the type that its issuer signed",
        "ISO/IEC 18013-5:2021 section 9.3.1 step 4",
        "docType",
        Fault.WALLET,
        "send the document under the docType of its mobile security object",
    )
    DEVICE_MAC = (
        "a device MAC is made for a reader's key: in proximity, where there is one, and on its curve",
        "OpenID4VP 1.0 section B.2.6; ISO/IEC 18013-5:2021 section 9.1.3.5",
        "deviceSigned.deviceAuth",
        Fault.WALLET,
        "authenticate with a device signature, as deviceauth_alg_values asks",
    )
    KEY_AUTHORIZATION = (
        "the holder signs only elements that the issuer lets its key sign",
        "ISO/IEC 18013-5:2021 section 9.1.2.4",
        "deviceSigned.nameSpaces",
        Fault.WALLET,
        "leave out device-signed elements that keyAuthorizations does not name",
    )

    STATUS_LIST = (
        "the status list is the one that the credential names",
        "status list draft 20 section 8.3",
        "sub",
        Fault.ISSUER,
        "sign the list with the URI that credentials carry as its subject, and serve it there",
    )
    STATUS_ISSUER = (
        "the status list is signed by the entity that issued the credential",
        "ARF 3.0 VCR_03; status list draft 20 section 11.3",
        "status_list",
        Fault.ISSUER,
        "sign status lists with a certificate of the issuer's own entry on the list of trusted entities",
    )
    STATUS_FRESHNESS = (
        "the status list is issued already, and not expired",
        "status list draft 20 sections 5.1, 8.3 and 13.7",
        "iat and exp",
        Fault.ISSUER,
        "sign the list anew before it expires, or fetch the fresh one",
    )
    STATUS_STALE = (
        "what is known of a status is no older than its list's time to live, and the grace of the profile",
        "status list draft 20 sections 5.1 and 13.7; ARF 3.0 VCR_14",
        "ttl",
        Fault.ISSUER,
        "have the host of the list answer, so that the list can be fetched anew, and try again",
    )
    STATUS = (
        "the credential's entry in its status list is valid, or its identifier is on no identifier list",
        "status list draft 20 sections 7.1 and 8.3; ISO/IEC 18013-5 second edition section 12.3.6.4",
        "status_list.idx or identifier_list.id",
        Fault.ISSUER,
        "ask the issuer why the credential was revoked or suspended, and obtain a new one",
    )

    DISCLOSURE_POLICY = (
        "the issuer of an attestation lets it be shown to who asks, or says nothing of it",
        "ARF 3.0 EDP_02, EDP_03 and EDP_06; CIR 2024/2979 annex III; ETSI TS 119 472-3 section 4.2.5",
        "embedded_disclosure_policy",
        Fault.VERIFIER,
        "have the issuer add this service to its policy, or ask for another attestation; its page says for whom it is",
    )

    ANSWER_STATE = (
        "an answer carries the state of the request that it answers",
        "OpenID4VP 1.0 sections 5.3 and 14.3.2",
        "state",
        Fault.WALLET,
        "send back the state of the request, character for character",
    )
    ANSWERED_ONCE = (
        "a request is answered once, while it is open",
        "OpenID4VP 1.0 sections 13.3 and 14.1.2",
        "the session, in the address",
        Fault.WALLET,
        "start again at the verifier's page; an answer that was taken is not taken twice",
    )
    KNOWN_SESSION = (
        "a result is asked of a presentation that this verifier began, and whose outcome it still keeps",
        "OpenID4VP 1.0 section 13.3",
        "the session, in the address",
        Fault.CLIENT,
        "give the session as the answer to the question had it; an outcome is kept for an hour",
    )
    VP_TOKEN = (
        "an answer holds presentations for credential queries of the request, several only where several are asked for",
        "OpenID4VP 1.0 section 8.1",
        "vp_token",
        Fault.WALLET,
        "use the ids of the query as the members of vp_token, and one presentation each unless multiple is true",
    )
    QUERY_TYPE = (
        "a presentation is of the format and of a type that were asked for",
        "OpenID4VP 1.0 sections 6.1, 8.6, B.2.3 and B.3.5",
        "vp_token",
        Fault.WALLET,
        "present a credential of a type in the query's meta",
    )
    TRUSTED_AUTHORITY = (
        "the issuer is certified by one of the authorities that were asked for",
        "OpenID4VP 1.0 section 6.1.1; HAIP 1.0 section 5",
        "vp_token",
        Fault.WALLET,
        "present a credential whose chain has one of the key identifiers in the query",
    )
    QUERY_CLAIMS = (
        "a presentation discloses every claim that was asked for, with a value that was asked for",
        "OpenID4VP 1.0 sections 6.4.1 and 8.6",
        "vp_token",
        Fault.WALLET,
        "disclose all claims of the query, or of one of its claim sets",
    )
    QUERY = (
        "the presentations together satisfy the query: nothing that it requires is missing",
        "OpenID4VP 1.0 sections 6.4.2 and 8.6",
        "vp_token",
        Fault.WALLET,
        "present every credential that is asked for, or a whole option of each required set",
    )
    RESPONSE_CODE = (
        "the return to the verifier carries the code that this answer's wallet was given",
        "OpenID4VP 1.0 sections 8.2 and 14.2; HAIP 1.0 section 5.1",
        "response_code",
        Fault.PERSON,
        "follow the wallet's own link back to the verifier",
    )
    SAME_BROWSER = (
        "the result goes to the browser in which the request began, and to no other",
        "OpenID4VP 1.0 section 14.2; HAIP 1.0 section 5.1",
        "cookie",
        Fault.PERSON,
        "begin and end in one browser; if somebody sent you the link, somebody wanted to be signed in as you",
    )

    # --- health certificates ----------------------------------------------------------------------------------

    HEALTH_REVOKED = (
        "a health certificate is on no list of revoked certificates, by its identifier, with its country, or signature",
        "gateway RevocationBatchDto, RevocationHashTypeDto; CID (EU) 2022/483",
        "payload.ci",
        Fault.ISSUER,
        "ask the issuer why the certificate was revoked, and for a new one",
    )
    BUSINESS_RULE = (
        "a health certificate meets the rules of the country that issued it, and of the country that it is shown in",
        "EU DCC validation rules 1.00; CertLogic 1.3.3",
        "payload",
        Fault.PERSON,
        "read what the rule asks; another certificate of yours may meet it: a later dose, a newer test",
    )
    HEALTH_HOLDER = (
        "a health certificate's name and date of birth are those of the person who shows who they are",
        "zegel's own; ICAO Doc 9303 part 3 section 6",
        "payload.nam and payload.dob",
        Fault.PERSON,
        "show your own certificate; if it has a name or date of birth in error, have its issuer correct it",
    )

    # --- presentation requests --------------------------------------------------------------------------------

    PROFILE = (
        "the choice is one that the role's profile allows",
        "HAIP 1.0 sections 4 and 5",
        "the choice, as a list of the profile",
        Fault.SENDER,
        "take the choice that the profile names, or configure the role for the profile plain",
    )

    CLIENT_ID = (
        "the client identifier is the same everywhere and has a prefix that is supported; origin: never counts",
        "OpenID4VP 1.0 sections 5.9 and 5.10.1",
        "client_id",
        Fault.VERIFIER,
        "use x509_hash or x509_san_dns, with the same client_id in the link and in the signed request",
    )
    REQUEST_AUDIENCE = (
        "a signed request is made for wallets",
        "OpenID4VP 1.0 section 5.8",
        "aud",
        Fault.VERIFIER,
        "set aud to https://self-issued.me/v2",
    )
    REQUEST_TIME = (
        "a signed request is valid now",
        "RFC 9101 section 4; RFC 7519 sections 4.1.4 to 4.1.6",
        "iat, nbf and exp",
        Fault.VERIFIER,
        "begin again at the verifier's page, or correct the clock",
    )
    WALLET_NONCE = (
        "a request that was fetched with a wallet_nonce brings it back",
        "OpenID4VP 1.0 section 5.10.1",
        "wallet_nonce",
        Fault.VERIFIER,
        "put the wallet_nonce that was posted into the signed request",
    )
    REQUEST_URI_METHOD = (
        "request_uri_method is get or post",
        "OpenID4VP 1.0 sections 5.1 and 8.5",
        "request_uri_method",
        Fault.VERIFIER,
        "send get or post, in lower case, beside a request_uri, or leave the parameter out",
    )
    PRESENTATION_REQUEST = (
        "a request asks for a vp_token by a DCQL query, and for nothing that leads elsewhere",
        "OpenID4VP 1.0 sections 5.1, 5.6, 8.2 and 8.5; RFC 9101 section 4",
        "response_type, response_mode, dcql_query and what may not stand beside them",
        Fault.VERIFIER,
        "send response_type vp_token, dcql_query and response_uri; no redirect_uri, scope, request or request_uri",
    )
    SENT_QUERY = (
        "a query that is sent asks for each claim once, in formats that answers to it can be read in",
        "OpenID4VP 1.0 sections 6.1, 6.3 and B",
        "dcql_query",
        Fault.OPERATOR,
        "ask for each claim once, and for dc+sd-jwt or mso_mdoc",
    )
    VERIFIER_ADDRESS = (
        "the request is fetched from, and the answer sent to, https addresses",
        "OpenID4VP 1.0 sections 5.10, 8.2 and 14.3.1; RFC 9101 section 5.2",
        "request_uri and response_uri",
        Fault.VERIFIER,
        "serve request_uri and response_uri over https, without a fragment",
    )
    RESPONSE_KEY = (
        "a request for an encrypted answer brings a key to encrypt to: ECDH-ES on P-256, with a kid",
        "OpenID4VP 1.0 section 8.3; HAIP 1.0 section 5",
        "client_metadata.jwks",
        Fault.VERIFIER,
        "put a fresh P-256 key with alg ECDH-ES and a kid into client_metadata.jwks, and allow A128GCM or A256GCM",
    )
    VP_FORMATS = (
        "a request asks for formats, and takes holders' algorithms, that the wallet has",
        "OpenID4VP 1.0 sections 8.5, 11.1, B.2.2 and B.3.4",
        "dcql_query and client_metadata.vp_formats_supported",
        Fault.VERIFIER,
        "list dc+sd-jwt or mso_mdoc with ES256 in client_metadata.vp_formats_supported, and ask for those",
    )
    TRANSACTION_REQUEST = (
        "transaction data is of a known type and names credentials of the query that may sign it, never a PID",
        "OpenID4VP 1.0 sections 5.1, 8.5 and B.3.3; PID rulebook 1.7 section 5",
        "transaction_data",
        Fault.VERIFIER,
        "send members of the type only, and name a credential query that is made for transactions and holder-bound",
    )
    UNAUTHENTICATED_PARTY = (
        "a party that nobody vouches for is never shown a PID",
        "OpenID4VP 1.0 section 5.9.3; ARF 3.0 RPA_06a",
        "dcql_query.credentials",
        Fault.VERIFIER,
        "sign the request with an access certificate",
    )
    REQUEST_DELIVERY = (
        "the request object is served directly, as application/oauth-authz-req+jwt",
        "OpenID4VP 1.0 section 5.10.1, and its errata set 1 on HTTP redirects",
        "request_uri",
        Fault.VERIFIER,
        "serve it with status 200 and that content type, without a redirect; or begin again at the verifier's page",
    )
    HELD = (
        "the wallet holds, and its user chose, what satisfies the query, and nothing beyond it is sent",
        "OpenID4VP 1.0 sections 6.4.2 and 8.5",
        "dcql_query.credentials",
        Fault.PERSON,
        "obtain the credentials that are missing, or choose one for each that is asked for",
    )
    ANSWER_DELIVERY = (
        "the verifier takes the answer, directly and with JSON",
        "OpenID4VP 1.0 section 8.2, and its errata set 1 on HTTP redirects",
        "response_uri",
        Fault.VERIFIER,
        "see at the verifier why it refused; answer the response_uri with status 200 and a JSON object",
    )
    RETURN_TARGET = (
        "a wallet opens http and https addresses, nothing else",
        "OpenID4VP 1.0 section 8.2; RFC 9700 section 4.11.2",
        "redirect_uri",
        Fault.VERIFIER,
        "send the user back to an https page",
    )
    WALLET_REFUSAL = (
        "a wallet answers a request with presentations",
        "OpenID4VP 1.0 sections 8.1 and 8.5",
        "error",
        Fault.WALLET,
        "read what the wallet says; correct the request where it is right, or take another wallet",
    )

    # --- registration certificates ----------------------------------------------------------------------------

    REGISTRATION_CERTIFICATE = (
        "who asks or issues sends one registration certificate, by value",
        "ARF 3.0 RPRC_17, RPRC_19, RPRC_22 and RPRC_22a; ETSI TS 119 472-2; ETSI TS 119 472-3 section 4.2.3",
        "verifier_info, or issuer_info",
        Fault.SENDER,
        "send one entry with the format registration_cert and the certificate of this Service and intended use",
    )
    REGISTRATION_POLICY = (
        "a registration certificate is issued under the policy of registration certificates",
        "ETSI TS 119 475 V1.2.1 OVR-6.1.3-01",
        "policy_id",
        Fault.SENDER,
        "have the provider of registration certificates issue it with 0.4.0.19475.3.1 in policy_id",
    )
    REGISTRATION_VALIDITY = (
        "a registration certificate is valid now, for at most twelve months, and revocable if for more than a day",
        "ETSI TS 119 475 V1.2.1 GEN-5.2.4-08; ARF 3.0 RPRC_01a and RPRC_17",
        "iat, exp and status",
        Fault.SENDER,
        "fetch a fresh registration certificate from the registrar, or correct the clock",
    )
    REGISTRATION_STATUS = (
        "a registration certificate is not revoked",
        "ARF 3.0 RPRC_01a; ETSI TS 119 475 V1.2.1 GEN-6.2.6.1-04",
        "status_list.idx",
        Fault.SENDER,
        "see at the registrar why the registration was suspended or cancelled",
    )
    REGISTRATION_PARTY = (
        "a registration certificate is about the holder of the access certificate, or names it as its intermediary",
        "ARF 3.0 RPRC_17a, RPRC_22b and RPRC_04; ETSI TS 119 475 V1.2.1 GEN-5.1.1-02",
        "sub, or intermediary.sub",
        Fault.SENDER,
        "send the certificate of one's own registration, or of one that names this intermediary",
    )
    REGISTRATION_SERVICE = (
        "a registration certificate is about the Service of the access certificate",
        "ARF 3.0 RPRC_07a, RPRC_10 and RPRC_17a",
        "srv_identifier",
        Fault.SENDER,
        "send the registration certificate of the Service that the access certificate names",
    )
    OVER_ASKING = (
        "no answer to the query discloses more than is registered for this intended use",
        "ARF 3.0 RPRC_21; CIR 2025/848",
        "dcql_query",
        Fault.VERIFIER,
        "ask for what the registration certificate lists, in every option of the query, or have more registered",
    )
    REGISTERED_PROVIDER = (
        "who issues PIDs is registered as a provider of PIDs, and who issues others as a provider of attestations",
        "ARF 3.0 ISSU_24a and ISSU_34a; ETSI TS 119 475 annex A",
        "entitlements",
        Fault.ISSUER,
        "register as a provider of what is issued, and publish the new registration certificate",
    )
    REGISTERED_ATTESTATION = (
        "an attestation type is registered to be issued by who offers it",
        "ARF 3.0 ISSU_24b, ISSU_34b and RPRC_23",
        "provides_attestations",
        Fault.ISSUER,
        "register the type in its format, and publish the new registration certificate",
    )

    EXPLICIT_APPROVAL = (
        "what the wallet warns of is approved by the person explicitly, warning by warning",
        "ARF 3.0 RPA_07b; RPRC_17, RPRC_17a and RPRC_21",
        "despite",
        Fault.PERSON,
        "read each warning, and tick it if you want to share nevertheless; nothing is ticked for you",
    )

    # --- authorization and issuance ---------------------------------------------------------------------------

    TYPE_FORMAT = (
        "an attestation type is issued and asked for in the formats that its rulebook names",
        "ARF 3.0 annex 3 (mDL rulebook section 2.1, PID rulebook sections 3 and 4); age verification profile annex A",
        "format",
        Fault.CLIENT,
        "ask for the type in one of its own formats",
    )
    RECORD = (
        "a person's record holds every mandatory claim, and each value has the form that the type's rulebook gives",
        "PID rulebook 1.7 sections 2 to 4; ISO/IEC 18013-5:2021 section 7.2.1; of other types the catalogue's own file",
        "the claim that the refusal names",
        Fault.ISSUER,
        "add or correct the value in the source of the person's data",
    )

    REQUEST_PARAMETERS = (
        "a request carries each parameter that its endpoint needs, once, with a value that is known",
        "RFC 6749 sections 4.1.2.1 and 5.2; OpenID4VCI 1.0 sections 6.3, 8.3.1.2, 9.3 and 11.3",
        "the parameter that the refusal names",
        Fault.WALLET,
        "send the parameters as the endpoint's specification lists them",
    )
    PUSHED_REQUEST = (
        "an authorization request was pushed before, by the same client, and is used once within its lifetime",
        "RFC 9126 section 4; FAPI 2.0 section 5.3.2.2",
        "request_uri",
        Fault.WALLET,
        "push the request, send client_id and the request_uri that came back, and push again when it expired",
    )
    REDIRECT_URI = (
        "the redirect URI is the one that was registered or pushed, character for character",
        "RFC 9700 section 4.1.3; RFC 6749 section 4.1.3",
        "redirect_uri",
        Fault.WALLET,
        "send the same redirect URI everywhere: https, a private-use scheme, or http on loopback",
    )
    PKCE = (
        "the authorization request carries an S256 challenge, and the token request the verifier that belongs to it",
        "RFC 7636 sections 4.3 and 4.6; FAPI 2.0 section 5.3.2.2",
        "code_challenge, code_challenge_method and code_verifier",
        Fault.CLIENT,
        "hash a fresh verifier with S256, and send it with the code",
    )
    DPOP_PROOF = (
        "each request to the token endpoint or with a token carries a DPoP proof made for this very request",
        "RFC 9449 section 4.3",
        "header.dpop",
        Fault.WALLET,
        "sign a new proof for each request: its method, its URL, the present time, and the hash of the token if any",
    )
    DPOP_NONCE = (
        "the DPoP proof carries a nonce that this server gave and that has not expired",
        "RFC 9449 sections 8 and 9",
        "nonce",
        Fault.WALLET,
        "take the nonce from the DPoP-Nonce header of the answer, and send the request again with a new proof",
    )
    DPOP_BINDING = (
        "the DPoP key is the one that the request, the code or the token is bound to",
        "RFC 9449 sections 5, 7.1 and 10",
        "header.jwk",
        Fault.WALLET,
        "use one DPoP key from the pushed request to the last credential",
    )
    CLIENT_AUTHENTICATION = (
        "the client proves to be the wallet that its attestation names, to this authorization server",
        "attestation-based client authentication -07 sections 5.2, 6.2 and 9; HAIP 1.0 section 4.4.1",
        "header.oauth-client-attestation",
        Fault.WALLET,
        "send one attestation and one proof by the attested key, for the issuer identifier of this server",
    )
    ATTESTATION_CHALLENGE = (
        "the proof of possession carries a challenge that this server gave and that has not expired",
        "attestation-based client authentication -07 sections 6.2 and 8",
        "challenge",
        Fault.WALLET,
        "fetch a challenge, or take it from the answer's OAuth-Client-Attestation-Challenge header, and try again",
    )
    REPLAY = (
        "what serves once is not used a second time",
        "RFC 9449 section 11.1; attestation-based client authentication -07 section 12.1",
        "jti",
        Fault.WALLET,
        "make a new proof, with a new identifier, for each request",
    )
    GRANT = (
        "the code or refresh token is known, not expired, not used up, not revoked, and this client's",
        "RFC 6749 sections 4.1.2, 5.2 and 6; FAPI 2.0 sections 5.3.2.1 and 5.3.2.2; OpenID4VCI 1.0 section 6.3",
        "code, pre-authorized_code or refresh_token",
        Fault.WALLET,
        "start again from the offer; a code that was used twice takes back what it gave",
    )
    TRANSACTION_CODE = (
        "the transaction code is the one that the person was given, within five tries",
        "OpenID4VCI 1.0 sections 6.3 and 13.6.3",
        "tx_code",
        Fault.PERSON,
        "enter the code exactly as it was received; after five wrong ones, or if the offer was used, ask for another",
    )
    CONSENT = (
        "the person approves what the wallet asks for",
        "RFC 6749 section 4.1.2.1; OpenID4VCI 1.0 section 15.1",
        "the decision on the consent page",
        Fault.PERSON,
        "begin again and approve, if the credential is wanted",
    )
    ACCESS_TOKEN = (
        "the request carries an access token of this issuer in its Authorization header, alive and good for this",
        "RFC 6750 section 3.1; RFC 9449 section 7.1; OpenID4VCI 1.0 section 8.3.1.1",
        "header.authorization",
        Fault.WALLET,
        "refresh the token, or authorize again",
    )
    CREDENTIAL_CHOICE = (
        "the credential asked for is one that the issuer offers and that the token stands for, named as the token says",
        "OpenID4VCI 1.0 sections 5.1, 8.2 and 8.3.1.2",
        "credential_configuration_id, credential_identifier, scope or authorization_details",
        Fault.WALLET,
        "use a credential_identifier where the token response brought some, a credential_configuration_id otherwise",
    )
    KEY_PROOF = (
        "each key is proven as the issuer's metadata asks: for this issuer, by this client, just now",
        "OpenID4VCI 1.0 appendix F",
        "proofs",
        Fault.WALLET,
        "make the proof for the credential issuer identifier, of a type and with an algorithm that the metadata lists",
    )
    PROOF_NONCE = (
        "all proofs and key attestations of a request carry one c_nonce of this issuer, fresh and never used before",
        "OpenID4VCI 1.0 sections 7, 8.3.1.2 and 13.8",
        "nonce",
        Fault.WALLET,
        "fetch a new c_nonce, make the proofs with it, and send the request again",
    )
    KEY_BATCH = (
        "a request brings each key once, and at most as many proofs as the issuer's batch size",
        "OpenID4VCI 1.0 sections 8.3 and 12.2.4",
        "proofs",
        Fault.WALLET,
        "make a key for each copy, and no more than batch_size",
    )
    ISSUER_DECISION = (
        "the issuer has what it needs to issue the credential, and no reason against it",
        "OpenID4VCI 1.0 sections 8.3.1.2 and 9.3",
        "the person's record",
        Fault.ISSUER,
        "ask the issuer; asking again with the same wallet will not help",
    )
    DEFERRED_TRANSACTION = (
        "the deferred transaction is one of this token's, and its credentials were not fetched before",
        "OpenID4VCI 1.0 section 9.3",
        "transaction_id",
        Fault.WALLET,
        "ask with the transaction_id of the last answer, until the credentials came",
    )
    NOTIFICATION = (
        "a notification names an issuance of this token",
        "OpenID4VCI 1.0 section 11.3",
        "notification_id",
        Fault.WALLET,
        "send the notification_id that came with the credentials",
    )
    CREDENTIAL_OFFER = (
        "an offer names credentials, a grant and an authorization server that its issuer's metadata has",
        "OpenID4VCI 1.0 sections 4.1.1 and 12.2.4",
        "credential_configuration_ids and grants",
        Fault.ISSUER,
        "make the offer from the metadata that is published",
    )
    OFFER_OPEN = (
        "an offer is taken up once, while it is open",
        "OpenID4VCI 1.0 sections 4.1.3, 6.3 and 13.6.1",
        "credential_offer_uri or pre-authorized_code",
        Fault.PERSON,
        "ask the issuer for another offer; this one was used, or is over",
    )
    SERVER_METADATA = (
        "metadata is published under the identifier that it carries, with the endpoints that the flow needs, over TLS",
        "OpenID4VCI 1.0 section 12.2; RFC 8414 section 3.3",
        "the member that the refusal names",
        Fault.ISSUER,
        "publish the metadata under its own identifier, character for character, with https endpoints",
    )
    AUTHORIZATION_RESPONSE = (
        "the authorization response comes from the server that was asked, for the request that was sent",
        "RFC 9207 section 2.4; RFC 6749 section 10.12; FAPI 2.0 section 5.3.3",
        "state, iss and code",
        Fault.ISSUER,
        "return iss and state unchanged to the redirect URI; if you did not begin this, close the page",
    )
    ACCESS_DENIED = (
        "the person agrees to what is asked, an issuance or a log-in, and so does the server that asks them",
        "RFC 6749 section 4.1.2.1",
        "error",
        Fault.PERSON,
        "begin again and agree, if it is wanted after all; where it was not you who said no, ask there why",
    )
    PEER_REFUSAL = (
        "the server grants what the wallet asks",
        "RFC 6749 sections 4.1.2.1 and 5.2; OpenID4VCI 1.0 sections 6.3, 8.3.1, 9.3 and 11.3",
        "error",
        Fault.ISSUER,
        "see what the server says; its error code is in the refusal",
    )

    OFFERED_CREDENTIAL = (
        "what an issuer sends is what it offered: of that type, bound to the keys that were proven, every copy alike",
        "OpenID4VCI 1.0 sections 3.3.2 and 8.3; ARF 3.0 ISSU_11a",
        "credentials",
        Fault.ISSUER,
        "issue each credential of a batch from one dataset, under the type of its configuration, one for each key",
    )
    WALLET_PROVIDER = (
        "the wallet provider attests this wallet and its keys, at its own address",
        "zegel's own; OpenID4VCI 1.0 appendices D and E leave it to the wallet provider",
        "the attestation that is asked for",
        Fault.WALLET_PROVIDER,
        "see at the wallet provider why it refused, or name the right one in the wallet's configuration",
    )

    PERSON = (
        "an offer for one person is for somebody who is known to have the type, and is taken up by that person",
        "OpenID4VCI 1.0 section 13.6.1",
        "issuer_state",
        Fault.PERSON,
        "log in as the person whom the offer is for; for a new offer, name somebody who has the type",
    )
    LOG_IN_OPEN = (
        "an issuance goes on in the browser that the wallet sent, for a quarter of an hour and five tries to log in",
        "RFC 9700 section 4.7; NIST SP 800-63B-4 section 3.2.2",
        "cookie",
        Fault.PERSON,
        "begin again in the wallet, and stay in one browser, with cookies allowed",
    )
    LOG_IN_GUESSES = (
        "a log-in name is tried at most so often in a quarter of an hour, from however many browsers",
        "NIST SP 800-63B-4 section 3.2.2",
        "login",
        Fault.PERSON,
        "wait a quarter of an hour; tell the operator, if it was not you who tried",
    )
    UPSTREAM_LOG_IN = (
        "the provider at which people log in for this site answers: to this request, to this client, of one person",
        "OpenID Connect Core 1.0 sections 3.1.2.6, 3.1.3.4, 3.1.3.7 and 5.3.4",
        "the member that the refusal names",
        Fault.OPERATOR,
        "try again; otherwise see that this site's client, secret and origin are those registered at the provider",
    )
    POSSESSION = (
        "whoever asks for an attestation of a key shows, now and to this provider, that it holds the key",
        "zegel's own; OpenID4VCI 1.0 appendix D leaves it to the wallet provider",
        "aud and iat",
        Fault.WALLET,
        "sign a fresh proof of possession with the key, with this provider as its audience",
    )

    WALLET_INSTANCE = (
        "a wallet provider answers wallets that it has activated, each by the key that it was activated with",
        "ARF 3.0 WIAM_07 and WIAM_12",
        "instance",
        Fault.WALLET,
        "activate the wallet; it does so by itself when it is next used",
    )
    WALLET_REVOKED = (
        "a wallet that was revoked gets no attestations any more",
        "ARF 3.0 WURevocation_07 and WURevocation_14",
        "instance",
        Fault.PERSON,
        "set up a new wallet, with a new vault, and receive your credentials again from those who issued them",
    )
    REGISTER_DUTY = (
        "a party moves its own registration, an officer decides about others, and nobody does both",
        "CIR 2025/848 article 6; zegel's own",
        "who is signed in",
        Fault.PERSON,
        "sign in as the person who registered the party, or as an officer where the move is an officer's",
    )
    REGISTER_ENTRY = (
        "what is looked up by its identifier is in the register",
        "TS5 1.3 section 3.2.2",
        "identifier",
        Fault.SENDER,
        "look the party up by its name, or have it registered; who is suspended or cancelled is not given out",
    )
    REGISTER_TOKEN = (
        "a party's program writes to the register with a token that the registrar gave to that party",
        "TS5 1.3 section 3.1.3; RFC 6750 section 2.1",
        "header.authorization",
        Fault.CLIENT,
        "have a new token made at the party's page, and send it as Authorization: Bearer",
    )
    PASSKEY = (
        "a passkey answers the challenge of this site, at its own pages, by its person's hand and PIN or the like",
        "WebAuthn Level 3 sections 7.1 and 7.2",
        "clientDataJSON",
        Fault.PERSON,
        "load the page again and use the passkey there, in one go; or sign in with the wallet",
    )
    PASSKEY_KNOWN = (
        "whoever signs in with a passkey has enrolled it here, and nobody has removed it",
        "WebAuthn Level 3 section 7.1 step 26 and section 7.2 step 6",
        "id",
        Fault.PERSON,
        "sign in with the wallet, and enrol a passkey under Passkeys",
    )
    PASSKEY_COUNTER = (
        "the counter of a passkey goes on from each use to the next, for who counts back may be a copy",
        "WebAuthn Level 3 sections 6.1.1 and 7.2 step 22",
        "authenticatorData.signCount",
        Fault.PERSON,
        "sign in with the wallet and remove this passkey: somebody may have copied it",
    )
    FOUR_EYES = (
        "what is asked of the register is decided by another person than the one who asked",
        "ETSI EN 319 401 clause 7.2; zegel's own",
        "who is signed in",
        Fault.OPERATOR,
        "have another officer decide",
    )
    REGISTER_MOVE = (
        "a registration is moved as its standing allows, under the identifier that it began with",
        "CIR 2025/848 articles 6 to 9; ARF 3.0 Reg_07 and Reg_32a",
        "the registration's standing",
        Fault.SENDER,
        "look up how the registration stands; what is cancelled is applied for anew",
    )
    REGISTER_LOG = (
        "each entry of the register's log stands on the one before it, and the log goes on from every head given out",
        "ARF 3.0 Reg_09; zegel's own",
        "the entry that the refusal names",
        Fault.OPERATOR,
        "find out who changed the database, and restore it from a backup that leads to the head that was kept",
    )
    CERTIFICATE_REQUEST = (
        "a certificate is asked for with a request that is signed with its own key, which nobody else has",
        "RFC 2986 section 4.2; ETSI EN 319 411-1 section 6.3.1",
        "request",
        Fault.SENDER,
        "make a key of your own and a request that is signed with it: zegel keys request does both",
    )
    ACCESS_REGISTRATION = (
        "an access certificate is issued for a registration that is in force and a Service of it, under their names",
        "ARF 3.0 Reg_10, Reg_10a, Reg_31, Reg_32a, Reg_33 and Reg_34; CIR 2025/848 annex IV",
        "identifier and service",
        Fault.SENDER,
        "have the party registered with its Services, and approved; what is suspended has to be resumed first",
    )
    ACCESS_REPORT = (
        "the register takes in what it is told of an access certificate",
        "TS5 1.3 section 3.2.1",
        "certificate",
        Fault.OPERATOR,
        "zegel access-authority reports shows what was refused and why; mend that at the register, then retry",
    )
    ACCESS_HOST = (
        "an access certificate names hosts of its party alone: those of the pages that are registered",
        "ETSI EN 319 411-1 section 6.2.2; zegel's own",
        "request.subjectAltName",
        Fault.SENDER,
        "ask for hosts that stand in infoURI or supportURI, or have the registration changed first",
    )
    HOST_CONTROL = (
        "each host of an access certificate answers with the token that was given out for it, in time and once",
        "RFC 8555 sections 8.1 and 8.3",
        "the address of the challenge",
        Fault.SENDER,
        "serve exactly what the order says at the address that it names, and order anew: a token is tried once",
    )
    ACCESS_ORDER = (
        "an order of an access certificate goes on from how it stands: ordered, proven, issued, revoked or expired",
        "RFC 8555 section 7.1.6; RFC 5280 section 5.3.1",
        "the order",
        Fault.SENDER,
        "look up how the order stands; what is over or refused is ordered anew",
    )
    ACCESS_REVOCATION = (
        "access certificates are revoked that are in force, and many at once by whoever says how many they are",
        "ETSI EN 319 411-1 section 6.2.4; ARF 3.0 Reg_12",
        "the certificates that are meant",
        Fault.OPERATOR,
        "see which are meant, and repeat the request with confirm as the number that the refusal names",
    )
    REVOCATION_LIST_FULL = (
        "a list of revoked certificates is signed that its readers take: one with more entries says nothing to anybody",
        "RFC 5280 section 5; ARF 3.0 Reg_12",
        "the authority whose list it is",
        Fault.OPERATOR,
        "have the root revoke the authority itself, whose certificates end with it, and certify another that issues",
    )
    REVOCATION_CODE = (
        "a wallet is revoked for whoever has its revocation code",
        "ARF 3.0 WIAM_06 and WURevocation_10",
        "code",
        Fault.PERSON,
        "enter the code as the wallet showed it when it was set up: five groups of four letters and digits",
    )
    REVOCATION_REQUEST = (
        "whoever else has a wallet revoked is a listed provider of PIDs, and asks for it now, of this wallet provider",
        "ARF 3.0 WURevocation_11 and WURevocation_12",
        "aud, iat and status",
        Fault.ISSUER,
        "sign the request with a key of the PID provider's, and name the status of the wallet attestation at issuance",
    )

    # --- sign in ----------------------------------------------------------------------------------------------

    CLIENT_REGISTRATION = (
        "a client of the provider is registered whole: exact redirect URIs, a hashed secret or none, claims that exist "
        "and, under the names of OpenID Connect, are of the kind that it has",
        "OpenID Connect Core 1.0 sections 3.1.2.1 and 5.1; RFC 6749 section 2",
        "the setting that the refusal names",
        Fault.OPERATOR,
        "correct the client's entry in the configuration",
    )
    SIGN_IN_CLIENT = (
        "a sign-in is asked for by a registered client, at one of its redirect URIs, character for character",
        "OpenID Connect Core 1.0 section 3.1.2.1; RFC 9700 section 4.1.3",
        "client_id and redirect_uri",
        Fault.CLIENT,
        "send the client_id and the redirect_uri as they are registered; nothing is sent to any other address",
    )
    SIGN_IN_REQUEST = (
        "a sign-in is asked for by the code flow: response_type code, scope openid, known values, each sent once",
        "OpenID Connect Core 1.0 sections 3.1.2.1, 3.1.2.6 and 6; RFC 6749 section 4.1.2.1",
        "the parameter that the refusal names",
        Fault.CLIENT,
        "send the parameters as the provider's discovery document announces them",
    )
    SIGN_IN_INTERACTION = (
        "a person signs in by presenting from the wallet, each time; no session of the provider stands in for it",
        "OpenID Connect Core 1.0 section 3.1.2.6",
        "prompt",
        Fault.CLIENT,
        "leave prompt=none out, and send the person to the provider",
    )
    ID_TOKEN_HINT = (
        "a hint of who is to sign in is an ID Token that this provider gave this client, expired or not",
        "OpenID Connect Core 1.0 sections 3.1.2.1 and 3.1.2.2",
        "id_token_hint",
        Fault.CLIENT,
        "send an ID Token as it came, or no hint; one under a key that is no longer published does not count",
    )
    HINTED_PERSON = (
        "who presents is the person whom the service's hint is about, or nobody is signed in",
        "OpenID Connect Core 1.0 sections 3.1.2.1 and 3.1.2.2",
        "id_token_hint",
        Fault.PERSON,
        "sign in with the wallet of before, or sign out of the service first; a client whose subjects are transient "
        "sends no hint",
    )
    SIGN_IN_OPEN = (
        "a sign-in goes on in the browser in which the service began it, while it is open",
        "RFC 9700 section 4.7; OpenID Connect Core 1.0 section 3.1.2",
        "cookie",
        Fault.PERSON,
        "go back to the service and sign in from there, with cookies allowed",
    )
    CROSS_DEVICE = (
        "a request is shown to another device only for a service that is registered for it",
        "OpenID4VP 1.0 section 14.2; HAIP 1.0 section 5.1",
        "client.cross_device",
        Fault.OPERATOR,
        "use the wallet on this device, or have the operator set cross_device for the service, knowing what it risks",
    )
    SIGN_IN_REFUSED = (
        "the person presents what the service asks for",
        "OpenID Connect Core 1.0 section 3.1.2.6; RFC 6749 section 4.1.2.1",
        "the answer of the wallet",
        Fault.PERSON,
        "try again, present the attestations that are asked for, or use another way in",
    )
    CLIENT_SECRET = (
        "a client authenticates once, as it is registered: by its secret in one place, or as a public client by PKCE",
        "OpenID Connect Core 1.0 section 9; RFC 6749 section 2.3.1",
        "client_id and client_secret",
        Fault.CLIENT,
        "send the secret either in the Authorization header or in the form, and only if one is registered",
    )
    SIGN_IN_TOKEN_REQUEST = (
        "a token request names the grant authorization_code, and brings a code",
        "OpenID Connect Core 1.0 section 3.1.3.1; RFC 6749 sections 4.1.3 and 5.2",
        "grant_type and code",
        Fault.CLIENT,
        "redeem the code that the browser brought; there are no refresh tokens, for each sign-in is a presentation",
    )
    SIGN_IN_CODE = (
        "the code is known, not expired, used once, and redeemed by its client with the redirect URI of the request",
        "OpenID Connect Core 1.0 section 3.1.3.2; RFC 6749 sections 4.1.2 and 4.1.3",
        "code",
        Fault.CLIENT,
        "redeem the code at once and only once; a code that was used twice takes back what it gave",
    )
    SIGN_IN_TOKEN = (
        "the access token is this provider's, not expired, and its claims were not fetched before",
        "OpenID Connect Core 1.0 section 5.3.3; RFC 6750 sections 2.1 and 3.1",
        "header.authorization",
        Fault.CLIENT,
        "fetch the claims once, within five minutes, with the token in the Authorization header",
    )
    SUBJECT_SOURCE = (
        "a stable subject comes from claims that their issuer keeps unique and never reassigns",
        "OpenID Connect Core 1.0 sections 2 and 8.1",
        "stable_from",
        Fault.OPERATOR,
        "name claims that the catalogue lists as unique identifiers of the type, or take a transient subject",
    )
    SUBJECT_VALUE = (
        "the claims behind a stable subject are text or whole numbers, and not empty",
        "OpenID Connect Core 1.0 section 2",
        "the claims of stable_from",
        Fault.ISSUER,
        "have the attestation issued again with the identifier in it",
    )

    # --- storage and transport --------------------------------------------------------------------------------

    HOST = (
        "the request names the host that this role is configured for",
        "RFC 9110 section 7.4",
        "header.host",
        Fault.CLIENT,
        "use the origin that the role announces; cookies and trust hang on the name",
    )
    CROSS_SITE = (
        "a form is sent by a page of the same origin",
        "W3C Fetch Metadata; RFC 6454 section 7",
        "header.origin and header.sec-fetch-site",
        Fault.CLIENT,
        "open the page at its own address and send the form from there",
    )
    CSRF = (
        "a form carries the token of the browser that it was shown to",
        "RFC 9700 section 4.7",
        "csrf",
        Fault.CLIENT,
        "reload the page and send the form again, with cookies allowed",
    )
    LOG_IN = (
        "the log-in name and the password belong together",
        "NIST SP 800-63B section 3.1.1",
        "login and password",
        Fault.PERSON,
        "try again; the demo people and their passwords stand in the documentation",
    )
    PASSPHRASE = (
        "the passphrase opens the vault",
        "RFC 9106 section 4; NIST SP 800-38D section 7.2",
        "passphrase",
        Fault.PERSON,
        "try the passphrase again; if it is right the file is damaged: restore the vault from a copy",
    )
    LAUNCH = (
        "the wallet's pages open with a code of this minute, which whoever started the wallet is shown, once",
        "RFC 9700 section 4.7; RFC 8252 section 8.3",
        "code",
        Fault.PERSON,
        "have a new code shown in the terminal in which the wallet runs, and enter it within a minute",
    )
    WALLET_LOCKED = (
        "what the wallet holds is used while it is unlocked",
        "ARF 3.0 RPA_08; RFC 9106 section 4",
        "passphrase",
        Fault.PERSON,
        "unlock the wallet with its passphrase and begin again",
    )
    WALLET_STEP = (
        "a page of the wallet is acted on once, while what it shows is still open, in the browser that began it",
        "OpenID4VP 1.0 section 14.1.2; RFC 6749 section 10.12",
        "cookie",
        Fault.PERSON,
        "go to the wallet's first page; if what you wanted is not done, begin it again",
    )
    RATE = (
        "nobody comes more often than the endpoint allows one address and one session",
        "RFC 6585 section 4; RFC 9126 section 2.3; NIST SP 800-63B-4 section 3.2.2",
        "address or session",
        Fault.SENDER,
        "wait for as long as the answer says; where many share one address, the operator can allow more",
    )
    OPERATOR_TOKEN = (
        "the operator API is called with its bearer token",
        "RFC 6750 section 2.1",
        "header.authorization",
        Fault.OPERATOR,
        "send Authorization: Bearer with the token from the role's token file",
    )
