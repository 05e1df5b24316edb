"""What a server was told to serve, read and checked by the parent: the same for every worker, until it is told anew."""

import os
from dataclasses import dataclass

from service.api.callers import keys
from service.api.callers.keys import Keys
from service.model import bundle as bundles
from service.model.bundle import Bundle
from service.settings import Settings


@dataclass(frozen=True)
class Checked:
    bundle: Bundle
    keys: Keys | None

    def about(self) -> dict[str, str]:
        """The bundle, as the metrics tell it."""
        return {"name": self.bundle.name, "version": self.bundle.version, "recipe": self.bundle.recipe}


def check(settings: Settings) -> Checked:
    """Raises BundleError and KeysError."""
    return Checked(bundles.read(settings.bundle), keys.read(settings.api_keys_file, os.environ.get(keys.VARIABLE)))
