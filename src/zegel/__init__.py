"""zegel: issue, hold, present, verify and trust European digital identities."""
