"""Why something is trusted, or is not: the path from a file to its anchor, step by step."""
