"""What can go wrong through no fault of ours; the command line prints its sentence and nothing else."""


class ExportError(Exception):
    """A user's mistake or a proof that failed, told in one sentence."""


class ParityError(ExportError):
    """The ONNX model would not give what the booster gives."""
