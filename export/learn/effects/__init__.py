"""Flights -> tables of log-odds that are added up: the recipe `effects`."""
