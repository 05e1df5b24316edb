"""The flights' routes: one, many, why, and which there are."""
