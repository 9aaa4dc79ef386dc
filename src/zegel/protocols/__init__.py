"""Conversations without IO: each engine takes a message and gives the next state and the reply."""
