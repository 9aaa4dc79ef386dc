"""OAuth 2.0 as FAPI 2.0 and HAIP 1.0 use it: PAR, PKCE, DPoP, attestation-based client authentication."""
