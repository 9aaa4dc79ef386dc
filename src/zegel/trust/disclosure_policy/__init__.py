"""Embedded disclosure policies: to whom an issuer lets its attestation be shown (ARF 3.0 topic 43)."""
