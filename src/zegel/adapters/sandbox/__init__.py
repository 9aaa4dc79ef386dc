"""A complete sandbox on disk: authorities, certificates, lists of trusted entities, keys, and a zegel.toml."""
