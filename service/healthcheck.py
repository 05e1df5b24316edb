"""`python -m service.healthcheck`: ends with 0 when the server on this machine is ready, without needing curl."""

import http.client
import os
import sys


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_ready(int(os.environ.get("ATRASO_PORT") or os.environ.get("PORT") or 8080)))
