"""The world: database, key files, network, memory."""
