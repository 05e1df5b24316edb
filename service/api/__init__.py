"""Requests -> calls of the model, and what came of them -> replies."""
