"""The authority for access certificates: what is asked of it, how that goes on, and what it certifies."""
