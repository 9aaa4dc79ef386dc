"""The same examples in every run, and no stop-watch: a slow machine finds no other faults than a fast one."""

from hypothesis import settings

settings.register_profile("zegel", derandomize=True, deadline=None, database=None)
settings.load_profile("zegel")
