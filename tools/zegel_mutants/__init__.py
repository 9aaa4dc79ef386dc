"""Mutation testing of the lines that hold a check: mutmut's mutations and our own, each against its own tests."""
