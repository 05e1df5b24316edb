"""The root file system of the image: this interpreter, what is installed in its environment, the libraries that these
load, and nothing else: `VENV/bin/python root.py DESTINATION MODULE...`

The modules and what they import are compiled, since nothing can be written where the image runs. Every file gets the
same time, so that the same versions give the same layer.
"""

import importlib.util
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

UNUSED_MODULES = {
    *("curses", "dbm", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "sqlite3", "test"),
    *("tkinter", "turtle.py", "turtledemo", "venv"),
}
UNUSED_BINARIES = re.compile(
    r"(_test|_ctypes_test|_xxtestfuzz|xx|_tkinter|_curses|_sqlite3|_g?dbm|readline|nis)\w*\..*so$"
)
UNUSED_IN_PACKAGES = [
    "**/tests",  # of numpy, and others'
    "numpy/f2py",
    "numpy/distutils",
    "onnxruntime/capi/libonnxruntime.so*",  # for programs in C; Python's module holds it once more
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
]
DATA = ("/usr/share/zoneinfo", "/etc/ssl/certs/ca-certificates.crt", "/usr/lib/os-release", "/etc/os-release")
USERS = {
    "passwd": "root:x:0:0:root:/:/none\natraso:x:10001:10001:atraso:/app:/none\n",
    "group": "root:x:0:\natraso:x:10001:\n",
    "nsswitch.conf": "hosts: files dns\n",
}


class MissingLibraryError(Exception):
    """A binary asks for a library that this system does not have."""


def main(destination: Path, modules: list[str]) -> None:
    for name in ("lib", "lib64", "bin", "sbin"):
        if (link := Path("/", name)).is_symlink():
            destination.mkdir(parents=True, exist_ok=True)
            (destination / name).symlink_to(os.readlink(link))
    binaries = [*copy_python(destination), *copy_packages(destination)]
    libraries = copy_libraries(destination, binaries)
    copy_data(destination)
    tell_packages(destination, libraries)
    compile_loaded(destination, modules)
    for folder in ("proc", "dev", "sys", "tmp"):  # mount points, where nothing can be made any more
        (destination / folder).mkdir(exist_ok=True)
    for path in [destination, *destination.rglob("*")]:
        os.utime(path, (0, 0), follow_symlinks=False)


def copy_python(destination: Path) -> list[Path]:
    """The interpreter and its standard library. Returns the binaries among them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix)
    library = prefix / "lib" / version
    binary = (prefix / "bin" / version).resolve()
    place(binary, destination)
    for name in ("python", "python3"):
        below(destination, prefix / "bin" / name).symlink_to(binary.name)
    unused = {"__pycache__", "site-packages", *UNUSED_MODULES}

    def left_out(_folder: str, names: list[str]) -> set[str]:
        return {n for n in names if n in unused or n.startswith("config-") or UNUSED_BINARIES.match(n)}

    shutil.copytree(library, below(destination, library), ignore=left_out, symlinks=True)
    return [binary, *(library / "lib-dynload" / path.name for path in below(destination, library).rglob("*.so"))]


def copy_packages(destination: Path) -> list[Path]:
    """What is installed beside this interpreter, to where it looks by itself. Returns the binaries among them."""
    packages = Path(sysconfig.get_path("purelib"))
    unused = {path for pattern in UNUSED_IN_PACKAGES for path in packages.glob(pattern)}

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == "__pycache__" or Path(folder, name) in unused}

    place_of = below(destination, Path(sysconfig.get_path("purelib", vars={"base": sys.base_prefix})))
    shutil.copytree(packages, place_of, ignore=left_out)
    return [packages / path.relative_to(place_of) for path in place_of.rglob("*.so*")]


def copy_libraries(destination: Path, binaries: Iterable[Path]) -> list[Path]:
    """The libraries of the system that these load, and the loader. Raises MissingLibraryError."""
    told = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=True).stdout
    if missing := sorted(set(re.findall(r"(\S+) => not found", told))):
        raise MissingLibraryError(f"this system has no {', '.join(missing)}")
    packages = sysconfig.get_path("purelib")
    found = {Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", told, re.M)}
    found = {path for path in found if not str(path.resolve()).startswith(packages)}
    for path in found:
        place(path, destination)
    folders = sorted({str(path.parent.resolve()) for path in found})
    below(destination, Path("/etc")).mkdir(exist_ok=True)
    below(destination, Path("/etc/ld.so.conf")).write_text("\n".join(folders) + "\n")
    subprocess.run(["ldconfig", "-r", destination], check=True, env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
    shutil.rmtree(destination / "var" / "cache", ignore_errors=True)
    return sorted(path.resolve() for path in found)


def copy_data(destination: Path) -> None:
    for path in filter(Path.exists, map(Path, DATA)):
        if path.is_dir():
            shutil.copytree(path, below(destination, path), symlinks=True)
        else:
            place(path, destination)
    for name, text in USERS.items():
        below(destination, Path("/etc", name)).write_text(text)


def tell_packages(destination: Path, libraries: Iterable[Path]) -> None:
    """Debian's packages that the files are of, where scanners for vulnerabilities look for them, and their licences."""
    if not shutil.which("dpkg-query"):
        return
    names: set[str] = set()
    for path in {*map(str, libraries), *DATA}:
        for each in (path, path.removeprefix("/usr")):  # as it was called before /lib became /usr/lib
            told = subprocess.run(["dpkg-query", "-S", each], capture_output=True, text=True, check=False).stdout
            names.update(line.partition(": ")[0].partition(":")[0] for line in told.splitlines())
    for name in sorted(filter(None, names)):
        record = subprocess.run(["dpkg-query", "-s", name], capture_output=True, text=True, check=True).stdout
        file = destination / "var" / "lib" / "dpkg" / "status.d" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(record)
        if (licence := Path("/usr/share/doc", name, "copyright")).exists():
            place(licence, destination)


def compile_loaded(destination: Path, modules: list[str]) -> None:
    """Compiles what these modules load; with the source's hash, which nobody checks, in place of its time."""
    for name in modules:
        importlib.import_module(name)
    moved = sysconfig.get_path("purelib"), sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
    for module in list(sys.modules.values()):
        file = Path(getattr(module, "__file__", None) or "/none").as_posix().replace(*moved)
        there = below(destination, Path(file))
        if file.endswith(".py") and there.exists():
            unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
            to = below(destination, Path(importlib.util.cache_from_source(file)))
            py_compile.compile(str(there), str(to), file, doraise=True, invalidation_mode=unchecked)


def place(path: Path, destination: Path) -> None:
    """The file under its own name, whatever links lead to it."""
    to = below(destination, path.parent.resolve() / path.name)
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path.resolve(), to)


def below(destination: Path, path: Path) -> Path:
    return destination / path.relative_to("/")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except MissingLibraryError as error:
        sys.exit(f"root.py: {error}")
