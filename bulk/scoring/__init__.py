"""What was read at once -> its rows with their probabilities; runs in the processes."""
