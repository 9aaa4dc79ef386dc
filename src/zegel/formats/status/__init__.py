"""Token Status Lists: whether a credential was revoked, for a million of them in one signed object (draft 20)."""
