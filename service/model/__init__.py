"""A flight -> a probability. It knows no HTTP."""
