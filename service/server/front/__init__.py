"""What proxies in front of the server do to requests, taken back."""
