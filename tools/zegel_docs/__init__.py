"""The documents that are written from the code and from the tests."""
