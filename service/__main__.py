"""`python -m service`: every setting as a flag and as `ATRASO_<FLAG>`.

It checks the bundle, binds the port and starts uvicorn's workers.
"""

import os
import resource
import socket
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfoNotFoundError

import click

from service import __version__
from service.api.callers.keys import KeysError
from service.model import keys
from service.model.bundle import BundleError
from service.server.processes.checked import check
from service.server.processes.supervisor import Supervisor
from service.server.records import traces
from service.settings import Settings, open_files


class Checked(click.ParamType[str]):
    """A text that has to fit; `read` makes it the setting's, or raises ValueError with what it should be."""

    envvar_list_splitter: ClassVar[str] = ","
    name = "text"

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return self._read(value.strip())
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def flag(field: Any) -> click.Option:
    """The command line option of one of the settings."""
    name = "--" + field.name.replace("_", "-")
    env = ["ATRASO_" + field.name.upper(), *filter(None, [field.metadata.get("env")])]
    shared: dict[str, Any] = {"help": field.metadata["help"], "envvar": env, "show_envvar": True}
    if field.type is bool:
        return click.Option([f"{name}/--no-{name[2:]}"], default=field.default, **shared)
    if check := field.metadata.get("check"):
        many = field.default == ()
        return click.Option([name], type=Checked(check), default=field.default, multiple=many, **shared)
    if callable(field.default_factory):
        return click.Option([name], type=click.IntRange(1), default=field.default_factory, **shared)
    if "choices" in field.metadata:
        kind: Any = click.Choice(field.metadata["choices"], case_sensitive=False)
    else:
        path = click.Path(path_type=Path)
        kinds = {
            int: click.IntRange(0, field.metadata.get("most")),
            float: click.FloatRange(0, 1),
            Path: path,
            Path | None: path,
            str | None: str,
        }
        kind = kinds.get(field.type, field.type)
    return click.Option([name], type=kind, default=field.default, show_default=field.default is not None, **shared)


def main(**values: Any) -> None:
    """Serve the delay model over HTTP."""
    settings = Settings(**values)
    try:
        keys.santiago()
        checked = check(settings)
        if settings.otlp_endpoint is not None:
            traces.check(settings.otlp_endpoint)
    except ZoneInfoNotFoundError:
        fail("this system has no time zone database: install its package tzdata, or `pip install tzdata`")
    except (BundleError, KeysError, traces.TracesError) as error:
        fail(str(error))
    resource.setrlimit(resource.RLIMIT_NOFILE, open_files())
    listener = listen(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    workers = f"{settings.workers} worker{'s' if settings.workers > 1 else ''}"
    served = f"{checked.bundle.name} {checked.bundle.version}"
    click.echo(f"atraso: {served} on http://{url_host(host)}:{port}, {workers}", err=True)
    sys.exit(Supervisor(settings, checked, listener, "service.app:create_app").run())


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; the workers listen on it. Ends the program where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        fail(f"cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}")
    listener.set_inheritable(True)
    return listener


def url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def fail(sentence: str) -> Any:
    click.echo(f"atraso: {sentence}", err=True)
    sys.exit(1)


command = click.Command("service", params=[flag(field) for field in fields(Settings)], callback=main, help=main.__doc__)
click.version_option(__version__, prog_name="atraso", message="%(prog)s %(version)s")(command)


def start() -> None:
    if os.environ.get("ATRASO_PORT", "").startswith("tcp://"):
        click.echo("atraso: ATRASO_PORT is Kubernetes' word for a Service named atraso, and is ignored", err=True)
        del os.environ["ATRASO_PORT"]
    command(prog_name="python -m service")


if __name__ == "__main__":
    start()
