"""What leaves the service about its work: predictions, in files that are read again offline, and spans."""
