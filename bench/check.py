"""Correct first: a server's replies to some hundred requests, compared with what they have to be."""

from http.client import HTTPConnection, HTTPException

from bench.errors import BenchError, WrongReply
from bench.traffic import Traffic

REQUESTS = 300
TIMEOUT = 30
HEADERS = {"content-type": "application/json"}


def check(port: int, traffic: Traffic) -> None:
    """Send requests from all over `traffic`, one after another. Raises WrongReply."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    count = max(len(traffic.bodies), 1)
    try:
        for number in range(0, count, max(count // REQUESTS, 1)):
            status, reply = ask(connection, traffic, number)
            problem = f"status {status}: {reply[:100]!r}" if status != 200 else traffic.problem(number, reply)
            if problem:
                raise WrongReply(f"a wrong reply, so no figure: {traffic.path} answered {problem}")
    except (OSError, HTTPException) as error:
        raise BenchError(f"{traffic.path} could not be asked: {error}") from None
    finally:
        connection.close()


def ask(connection: HTTPConnection, traffic: Traffic, number: int) -> tuple[int, bytes]:
    """The status and the body of the reply to one request. Raises OSError and HTTPException."""
    body = traffic.bodies[number] if traffic.bodies else None
    connection.request(traffic.method, traffic.path, body, HEADERS | traffic.headers_of(number))
    response = connection.getresponse()
    return response.status, response.read()
