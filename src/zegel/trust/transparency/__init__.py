"""Certificate Transparency, RFC 9162, and what RFC 6962 left in certificates: the tree, its proofs, timestamps."""
