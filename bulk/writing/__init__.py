"""Scored rows -> files that are whole or can be gone on with."""
