"""``session-gateway prune``: forget what is older than a number of days."""

import argparse
from datetime import UTC, datetime, timedelta

from gateway.cli_settings import load, must_exist, place


def add_parser(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--older-than", metavar="DAYS", type=_days, required=True, help="days since the last event")
    parser.add_argument("--tenant", metavar="NAME", help="of this tenant alone")
    parser.set_defaults(command=prune)


def _days(text: str) -> timedelta:
    days = float(text)
    if not 0 < days < 1_000_000:
        raise argparse.ArgumentTypeError(f"a number of days above 0 is needed, not {text}")
    return timedelta(days=days)


def prune(arguments: argparse.Namespace) -> int:
    """Forget closed sessions with their events, and print how many."""
    from gateway.store import open_store

    given = load(arguments)
    must_exist(given["database"])
    store = open_store(given["database"], given)
    try:
        pruned = store.prune(datetime.now(UTC) - arguments.older_than, arguments.tenant)
    finally:
        store.close()
    print(f"{place(given)}: {pruned.sessions} sessions and {pruned.events} events forgotten")
    return 0
