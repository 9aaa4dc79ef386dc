"""Attestation types as data: what a type's rulebook says, read from a file and applied to a person's record."""
