"""Files of flights -> what a process scores at once."""
