"""The names of the published value sets: eu-dcc-valuesets, Apache-2.0, packed by ``tools/pack_value_sets.py``."""
