"""The README's commands, run as they are printed, give the answers that it shows."""

import re
import subprocess

import pytest

from tests.e2e.conftest import BIN, ROOT, Server

pytestmark = pytest.mark.once

README = (ROOT / "README.rst").read_text(encoding="utf-8")


def exchanges() -> list[tuple[str, str]]:
    """Each command of the console blocks below «Try it», with the lines shown after it."""
    part = README.split("In another terminal:")[1].split("Install it")[0]
    lines = [
        line[3:]
        for block in re.findall(r"\.\. code-block:: console\n\n((?:   .*\n|\n)+)", part)
        for line in block.split("\n")
    ]
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif line and found:
            command, shown = found[-1]
            found[-1] = (command, shown + line)
    return found


def shown(text: str) -> re.Pattern[str]:
    """What an answer must match: ``...`` stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in text.split("...")), re.DOTALL)


def test_every_command_gives_the_answer_that_is_shown(demo: Server) -> None:
    assert len(exchanges()) >= 9
    script = "set -e\n" + "".join(f"{command}\necho; echo '--next--'\n" for command, _ in exchanges())
    script = script.replace("http://127.0.0.1:8080", demo.url).replace("var/demo.db", str(demo.database))
    script = script.replace(".venv/bin/", f"{BIN}/")
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answers = [part.strip() for part in done.stdout.split("--next--")]
    for (command, expected), answer in zip(exchanges(), answers, strict=False):
        if expected and not shown(expected).fullmatch(answer):
            pytest.fail(f"{command}\nshown:  {expected}\nanswer: {answer}")


def test_what_the_demo_prints_works_when_pasted(demo: Server) -> None:
    printed = [line for line in demo.log.read_text(encoding="utf-8").splitlines() if line.startswith("curl ")]
    assert len(printed) >= 7
    for line in printed:
        done = subprocess.run(
            ["bash", "-c", f"{line} -o /dev/null -w '%{{http_code}}'"], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("2"), line
