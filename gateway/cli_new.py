"""``session-gateway new api``: begin the package of a plug-in from a sample or a contract."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

DONE, FAILED, WRONG_USAGE = 0, 1, 2


def add_parser(new: argparse.ArgumentParser) -> None:
    """The grammar of the command."""
    kinds = new.add_subparsers(title="what to begin", metavar="KIND", required=True)
    api = kinds.add_parser("api", help="an API, from one of its requests, its WSDL or its OpenAPI document")
    api.add_argument("name", metavar="NAME", help="what the API is to be called, as in my-api")
    api.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        type=Path,
        required=True,
        help="a request (XML, a SOAP envelope, JSON), a WSDL 1.1, or OpenAPI 3 (JSON or YAML)",
    )
    api.add_argument("--into", metavar="FOLDER", type=Path, help="the folder to make; default: session-gateway-NAME")
    api.add_argument("--force", action="store_true", help="write into the folder though it exists")
    api.set_defaults(command=api_package)


def api_package(arguments: argparse.Namespace) -> int:
    """Write a package, try it, and say what is left to do."""
    from gateway import registry
    from gateway.scaffold import generate, record
    from gateway.scaffold.contract import ScaffoldError
    from gateway.scaffold.package import Names

    names = Names(arguments.name)
    folder: Path = arguments.into or Path(names.distribution)
    found = registry.discover()
    owner = next((row.owner for row in found.apis if row.plugin.name == arguments.name), None)
    if owner is not None and not owner.startswith(f"{names.distribution} "):
        return _told(f"there is an API {arguments.name!r} already ({owner}); choose another name", WRONG_USAGE)
    if folder.exists() and not arguments.force:
        return _told(f"{folder} exists; name another folder with --into, or write into it with --force", WRONG_USAGE)
    try:
        files = generate.files(arguments.source, arguments.name, record.operations(found, arguments.name))
        with tempfile.TemporaryDirectory() as place:
            _write(files, Path(place))
            record.record(Path(place), arguments.name, found)
            shutil.copytree(place, folder, dirs_exist_ok=True)
    except ScaffoldError as error:
        return _told(str(error), FAILED)
    except OSError as error:
        return _told(f"{error.filename or arguments.source}: {error.strerror or error}", FAILED)
    todos = sum(content.count(b"TODO") for path, content in files.items() if path.endswith(".py"))
    print(f"{folder}: {arguments.name} is written and answers its {_samples(files)}; {todos} TODO are left to you")
    print(f"  pip install --editable {folder} && pytest --conformance {arguments.name} --conformance-level smoke")
    print(f"  grep -rn TODO {folder / names.package}")
    return DONE


def _samples(files: dict[str, bytes]) -> str:
    number = sum(path.endswith("/request.http") for path in files)
    return "sample request" if number == 1 else f"{number} sample requests"


def _write(files: dict[str, bytes], place: Path) -> None:
    for path, content in files.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _told(text: str, status: int) -> int:
    print(f"session-gateway: {text}", file=sys.stderr)
    return status
