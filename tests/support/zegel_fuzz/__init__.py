"""Fuzzing: a target for every ``parse_*`` and for every POST route, what they start from, and how they are run."""
