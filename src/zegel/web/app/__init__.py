"""The roles put together: here, and in the command line, adapters are chosen."""
