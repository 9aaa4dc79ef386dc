"""The wallet side: from an offer to credentials, as a chain of small steps."""
