"""RFC-level building blocks: bytes, keys and signatures. Nothing here has heard of wallets."""
