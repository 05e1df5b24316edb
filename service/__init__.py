"""The online side: a bundle behind an HTTP API."""

__version__ = "0.1.0"
