"""The offline side."""
