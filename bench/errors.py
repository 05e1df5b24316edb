"""What can go wrong through no fault of ours; the command line prints its sentence and nothing else."""


class BenchError(Exception):
    """What keeps a row or a command from being measured, told in one sentence."""


class WrongReply(BenchError):
    """The server answers, but not what it should: it gets no figure."""


class FailedRequests(BenchError):
    """Some requests got no reply, or an error: there is no figure."""
