"""Every limit of docs/limits.md, with what is just within it and what is one beyond."""
