"""Why a flight gets no answer from the model. What that means to a client is not said here."""


class Overloaded(Exception):
    """More flights wait for the model than may."""


class TooManyFeatures(Exception):
    """A model that cannot be explained exactly: it has `count` features, and `most` could be."""

    def __init__(self, count: int, most: int) -> None:
        super().__init__(f"{count} features, more than {most}")
        self.count, self.most = count, most
