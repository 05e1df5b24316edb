"""What is below a connection's protocol."""
