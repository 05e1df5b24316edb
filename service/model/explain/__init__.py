"""Why a flight has its probability, and how sure it is: by what the flight is, or by table."""
