"""Paths, and what they lead to."""
