"""Write the recorded parts of golden cases anew: ``python -m tests.record [FOLDER...]``. Review the difference before
you commit it."""

import sys
from pathlib import Path

from gateway import registry
from gateway.conformance import case as cases
from gateway.conformance import kit

GOLDEN = Path(__file__).parent / "golden"


def main(names: list[str]) -> None:
    """Record the named folders, or all."""
    found = registry.discover()
    folders = [Path(name) for name in names] or sorted(path.parent for path in GOLDEN.glob("*/*/request.http"))
    for name in sorted({folder.resolve().parent.name for folder in folders}):
        for made in kit.kits(found, name, "full", [GOLDEN]):
            for folder in folders:
                if folder.resolve().parent.name == name:
                    case = cases.read(folder)
                    cases.record(case, made.ran(case)[-1])
                    print(folder)
            made.close()


if __name__ == "__main__":
    main(sys.argv[1:])
