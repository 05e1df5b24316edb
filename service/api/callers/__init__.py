"""Who asks: the keys that let a client in, and the names that its requests go by."""
