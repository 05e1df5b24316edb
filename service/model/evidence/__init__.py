"""What the bundle counted of its flights: read once, looked up by what explains a flight."""
