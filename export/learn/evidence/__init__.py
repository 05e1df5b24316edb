"""How many flights there are behind each value of the tables, and how many of them were late."""
