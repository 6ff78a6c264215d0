"""``session-gateway check``: is the store whole?"""

import argparse

from gateway.cli_settings import load, must_exist, place


def check(arguments: argparse.Namespace) -> int:
    """Print how many rows there are, and each thing that does not hold; 1 when there is one."""
    from gateway.store.check import check as look

    given = load(arguments)
    must_exist(given["database"])
    report = look(given["database"], given)
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.rows.items() if name != "meta")
    print(f"{place(given)}: {counts}")
    for problem in report.problems:
        print(problem)
    print("The store is whole." if not report.problems else "The store is damaged; see docs/operate/failures.rst.")
    return 1 if report.problems else 0
