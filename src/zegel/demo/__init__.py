"""What the demo adds: a web service of the ordinary kind, to sign in to."""
