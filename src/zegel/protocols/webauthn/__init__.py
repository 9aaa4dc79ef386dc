"""Passkeys: W3C Web Authentication Level 3, as far as a site needs it that asks for no attestation."""
