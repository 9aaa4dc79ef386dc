"""The configuration: one zegel.toml, read once into frozen values. A setting is one line in ``roles``."""
