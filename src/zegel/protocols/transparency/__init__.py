"""The client messages of a log, RFC 9162 section 5, on both sides."""
