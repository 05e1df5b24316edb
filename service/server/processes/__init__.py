"""The processes: a parent that serves nothing, and the workers that it forks."""
