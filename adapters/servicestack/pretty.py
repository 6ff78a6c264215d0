"""JSV with a line a member, indented by tabs, as ``?debug=1`` and the metadata page show it."""

import re

_PART = re.compile(r'"(?:[^"]|"")*"|[{}\[\],:]|[^"{}\[\],:]+|"')


def pretty(body: bytes) -> bytes:
    """The same JSV, for people; it cannot be read back."""
    out: list[str] = []
    stack: list[str] = []
    name = False
    for found in _PART.finditer(body.decode("utf-8", "replace")):
        part = found[0]
        if part in ("{", "["):
            stack.append(part)
            name = part == "{"
            out.append(f"{part}\n" + "\t" * len(stack))
        elif part in ("}", "]") and stack:
            stack.pop()
            out.append("\n" + "\t" * len(stack) + part)
        elif part == ",":
            name = bool(stack) and stack[-1] == "{"
            out.append(",\n" + "\t" * len(stack))
        elif part == ":" and name:
            name = False
            out.append(": ")
        else:
            out.append(part)
    return "".join(out).encode()
