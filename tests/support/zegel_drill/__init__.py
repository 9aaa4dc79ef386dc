"""The crash drill: roles that are killed where it hurts, and what is found of their work afterwards."""
