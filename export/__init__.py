"""The offline side."""

__version__ = "0.1.0"
