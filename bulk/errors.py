"""What can go wrong through no fault of ours; the command line prints its sentence and nothing else."""

from export.errors import ExportError


class BulkError(ExportError):
    """A file that cannot be read, scored or written, told in one sentence."""
