"""OpenID for Verifiable Credential Issuance 1.0, both sides; a section without a document's name is of that one."""
