"""What `pip install` of this project installs beside its dependencies: a command that says how the service is run."""

import sys


def main() -> None:
    sys.exit(
        "atraso: the service runs from its own folder, which holds the model: clone the repository and run "
        "`make serve` there. Installed here is only what a server needs."
    )


if __name__ == "__main__":
    main()
