"""What uvicorn is taught: the lane, drain, workers, counters."""
