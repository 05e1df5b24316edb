"""What is kept of what the service did: predictions, in files that are read again offline."""
