"""Plain requests for the hot route, answered ahead of ASGI."""
