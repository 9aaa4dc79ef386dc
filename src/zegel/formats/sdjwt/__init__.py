"""SD-JWT and SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc-16)."""
