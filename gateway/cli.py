"""The command line: ``session-gateway``. Exit status 0 done, 1 failed, 2 wrong usage."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias

from gateway import cli_check, cli_settings
from gateway.cli_credentials import add_parser as add_credentials
from gateway.cli_new import add_parser as add_new
from gateway.cli_prune import add_parser as add_prune
from gateway.cli_settings import load, must_exist, place
from gateway.cli_table import columns
from gateway.registry import Disabled
from gateway.settings import Settings, SettingsError
from gateway.translate import add_parser as add_translate

Command: TypeAlias = Callable[[argparse.Namespace], int]

DONE, FAILED = 0, 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status. Wrong usage leaves by SystemExit(2), as argparse does."""
    arguments = parser().parse_args(argv)
    command: Command = arguments.command
    try:
        return command(arguments)
    except BrokenPipeError:
        # The reader of a list left; what it wanted it has. Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    except Exception as error:
        if not _is_told(error):
            raise
        print(f"session-gateway: {error}", file=sys.stderr)
        return FAILED


def _is_told(error: Exception) -> bool:
    """Whether the text of an error is written for the operator; anything else is a defect, shown with its place."""
    from gateway.outcome import Fault
    from gateway.registry import BootError
    from gateway.store import StoreError

    return isinstance(error, (SettingsError, BootError, StoreError, Fault, OSError))


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    made = argparse.ArgumentParser(prog="session-gateway", description="One gateway for session events.")
    made.add_argument("--version", action="version", version=f"session-gateway {_version()}")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    shared = _shared()
    _add_serve(commands.add_parser("serve", parents=[shared], help="run the gateway"))
    for name, command, text in (
        ("migrate", migrate, "bring the store to this release's schema"),
        ("check", cli_check.check, "look whether the store, which may be in use, is whole; nothing is changed"),
        ("apis", apis, "list the APIs, and over which protocols each is offered"),
        ("protocols", protocols, "list the protocols"),
    ):
        commands.add_parser(name, parents=[shared], help=text).set_defaults(command=command)
    listing = commands.add_parser("settings", parents=[shared], help="list every setting, its value and its meaning")
    listing.add_argument("--rst", action="store_true", help="as a table for the documentation, without values")
    listing.set_defaults(command=cli_settings.listing)
    copying = commands.add_parser("backup", parents=[shared], help="copy the store, which may be in use")
    copying.add_argument("file", metavar="FILE", type=Path)
    copying.set_defaults(command=backup)
    add_prune(commands.add_parser("prune", parents=[shared], help="forget closed sessions older than some days"))
    translating = commands.add_parser("translate", parents=[shared], help="show a request as another API would say it")
    add_translate(translating)
    add_new(commands.add_parser("new", help="begin a plug-in from a sample or a contract"))
    add_credentials(commands.add_parser("credentials", help="add, list and revoke credentials"), shared)
    return made


def _shared() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", metavar="FILE", type=Path, help="settings in TOML")
    places = "sqlite:///PATH, postgresql://… or mariadb://…"
    shared.add_argument("--database", metavar="URL", help=f"where events are stored: {places}")
    return shared


def _add_serve(serving: argparse.ArgumentParser) -> None:
    serving.add_argument("--bind", metavar="HOST:PORT", help="where to listen")
    serving.add_argument("--workers", metavar="N", type=int, help="worker processes; 0 is one for each processor")
    serving.add_argument("--demo", action="store_true", default=None, help="known credentials, on loopback only")
    serving.add_argument("--tls-cert", metavar="FILE", help="certificate chain, PEM; with --tls-key")
    serving.add_argument("--tls-key", metavar="FILE", help="private key, PEM; with --tls-cert")
    serving.add_argument("--base-url", metavar="URL", help="the public address of this server")
    serving.add_argument("--trusted-proxies", metavar="LIST", help="proxies that may name the caller, by commas")
    serving.set_defaults(command=serve)


def _version() -> str:
    try:
        return version("session-gateway")
    except PackageNotFoundError:
        return "(not installed)"


def serve(arguments: argparse.Namespace) -> int:
    """Run the gateway until a signal ends it."""
    from gateway import server

    return server.serve(load(arguments), reread=lambda: load(arguments), announce=_announce)


def _announce(given: Settings) -> str:
    from gateway import demo, server

    url = server.local_url(given)
    return demo.banner(url, demo.seed(given)) if given["demo"] else f"Serving on {url}"


def migrate(arguments: argparse.Namespace) -> int:
    """Bring the store to this release's schema."""
    from gateway.store import SCHEMA_VERSION
    from gateway.store import migrate as bring

    given = load(arguments)
    before = bring(given["database"], given)
    told = "was there already" if before == SCHEMA_VERSION else f"came from version {before}"
    print(f"{place(given)}: schema version {SCHEMA_VERSION} ({told})")
    return DONE


def apis(arguments: argparse.Namespace) -> int:
    """List the APIs."""
    from gateway import boot, registry

    given = load(arguments)
    built = registry.build(registry.discover(), given)
    offered = {name: {row.api.name for row in boot.offers(name, built, given)} for name in built.protocols}
    rows = [
        (api.name, api.title, ", ".join(name for name in built.protocols if api.name in offered[name]),
         " ".join(api.prefixes), ", ".join(operation.name for operation in api.operations))
        for api in sorted(built.apis.values(), key=lambda api: api.name)
    ]  # fmt: skip
    print(columns(("API", "TITLE", "OFFERED OVER", "PATHS", "OPERATIONS"), rows))
    return _disabled(built.disabled)


def protocols(arguments: argparse.Namespace) -> int:
    """List the protocols, and which APIs each serves."""
    from gateway import boot, registry

    given = load(arguments)
    built = registry.build(registry.discover(), given)
    rows = []
    for name in sorted(built.protocols):
        offers = boot.offers(name, built, given)
        native = ", ".join(row.api.name for row in offers if row.native)
        rows.append((name, native, ", ".join(row.api.name for row in offers if not row.native)))
    print(columns(("PROTOCOL", "NATIVE TO", "ALSO FOR"), rows))
    return _disabled(built.disabled)


def _disabled(rows: Iterable[Disabled]) -> int:
    """Name what could not be loaded, beside the list; the list itself is done."""
    for row in rows:
        print(f"not available: {row.name} ({row.owner}): {row.reason}", file=sys.stderr)
    return DONE


def backup(arguments: argparse.Namespace) -> int:
    """Copy the store as of one moment."""
    from gateway.store import open_store

    given = load(arguments)
    must_exist(given["database"])
    # A copy of the store is for its owner's eyes only, as the store is.
    umask = os.umask(0o077)
    store = open_store(given["database"], given)
    try:
        store.backup(arguments.file)
    finally:
        store.close()
        os.umask(umask)
    print(f"{place(given)} is copied to {arguments.file}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
