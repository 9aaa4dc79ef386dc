"""The roles over HTTP."""
