"""Write the recorded parts of golden cases anew: ``python -m tests.record [FOLDER...]``. Review the difference before
you commit it."""

import sys
import tempfile
from pathlib import Path

from tests import cases


def main(names: list[str]) -> None:
    """Record the named folders, or all."""
    for folder in [Path(name) for name in names] or cases.folders():
        with tempfile.TemporaryDirectory() as place:
            result = cases.run(folder, Path(place) / "case.db")
        (folder / "response.http").write_bytes(result.response)
        for name, text in (("command.json", result.command), ("outcome.json", result.outcome)):
            if text is None:
                (folder / name).unlink(missing_ok=True)
            else:
                (folder / name).write_text(text, encoding="utf-8")
        print(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
