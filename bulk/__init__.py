"""Whole files of flights -> the same files with the probability of each: the model without the service."""

from service import __version__ as __version__
