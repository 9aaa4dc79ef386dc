"""A use case a method; IO through ports, no rules of its own."""
