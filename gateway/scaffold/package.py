"""Every file of a package, from a contract: what an expert would begin with, and TODO where knowledge is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from gateway.scaffold import declare, operate, sample
from gateway.scaffold.contract import Call, Contract
from gateway.scaffold.layout import STEP, comment, docstring, quoted, short, tidy
from gateway.spi import SPI_VERSION

TEMPLATES = files("gateway.scaffold") / "templates"


@dataclass(frozen=True, slots=True)
class Names:
    """What the package and its parts are called, all after the name of the API."""

    api: str

    @property
    def package(self) -> str:
        """The Python package."""
        return f"session_gateway_{self.module}"

    @property
    def module(self) -> str:
        """The API's name as an identifier."""
        return self.api.replace("-", "_")

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return f"session-gateway-{self.api.replace('_', '-')}"

    @property
    def key(self) -> str:
        """The key that the golden cases are sent with; for tests only."""
        return f"only-for-the-tests-of-{self.api}"


def package(contract: Contract, name: str) -> dict[str, bytes]:
    """The files of the package, by their path."""
    names, title = Names(name), tidy(contract.title)
    given = operate.functions(contract)
    messages, classes = declare.messages(contract, title)
    tables = list(operate.operations(contract, name, given, classes))
    modules = {
        "__init__.py": docstring(f"{title}, taught to the session gateway") + "\n",
        "api.py": _api(contract, names, title, tables),
        "messages.py": messages,
        "commands.py": operate.commands(contract, title, given),
        "answers.py": operate.answers(contract, title, given),
        "faults.py": _faults(contract, title),
        "py.typed": "",
    }
    texts = {f"{names.package}/{path}": text for path, text in modules.items()}
    texts |= {
        "pyproject.toml": _fill("pyproject.toml", distribution=names.distribution, title=_toml(title), **_both(names)),
        f"tests/test_{names.module}.py": _fill("test.py", name=name),
        f"tests/golden/{name}/conformance.toml": f'[[credential]]\nsecret = "{names.key}"\n',
    }
    texts["README.rst"] = _readme(contract, names, title, texts)
    made = {path: text.encode() for path, text in sorted(texts.items())}
    return made | dict(_golden(contract, names))


def _both(names: Names) -> dict[str, str]:
    return {"name": names.api, "package": names.package}


def _toml(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")


def _fill(template: str, **values: str) -> str:
    return Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)


def _faults(contract: Contract, title: str) -> str:
    told = [todo.removeprefix("fault: ") for todo in contract.todos if todo.startswith("fault: ")]
    known = f" Published are: {'; '.join(told)}." if told else ""
    todo = comment(f"give each kind the status, code and text that the service itself tells it by.{known}")
    return _fill("faults.py", title=title, todo=todo)


def _api(contract: Contract, names: Names, title: str, tables: list[str]) -> str:
    imports = {"Api", "ApiPlugin", "Operation", "Presented", "Settings", "WireRequest", "message_of"}
    imports |= {"SoapStyle"} if contract.members != "qualified" else set()
    imports |= {"Route"} if contract.protocol in ("rest", "webapi") else set()
    todos = [todo for todo in contract.todos if not todo.startswith("fault: ")]
    return _fill(
        "api.py",
        doc=docstring(f"{title}: its operations, who may call it, and how it is told what went wrong"),
        imports=operate.imported(imports),
        prefix=f"PREFIX = {quoted(contract.prefix)}\n" if contract.prefix else "",
        todos="".join(f"{comment(todo)}\n" for todo in todos).rstrip("\n") or "# In the order of the contract.",
        operations="\n".join(tables),
        api="\n".join(f"{STEP * 2}{each}," for each in _arguments(contract, names, title)),
        spi=SPI_VERSION,
        **_both(names),
    )


def _arguments(contract: Contract, names: Names, title: str) -> Iterator[str]:
    yield "NAME"
    yield quoted(short(title))
    yield f"native=({quoted(contract.protocol)},)"
    yield f"prefixes=({_prefixes(contract, names)},)" if contract.protocol != "servicestack" else "prefixes=()"
    yield "operations=OPERATIONS"
    yield "faults=FAULTS"
    yield "header=header"
    if contract.protocol == "soap" and contract.members != "qualified":
        option = "local_members=True" if contract.members == "unqualified" else "qualified=False"
        yield f'options={{"soap": SoapStyle({option})}}'
    yield f"doc={quoted(short(contract.doc) or f'{title}, as {contract.source} describes it.')}"


def _prefixes(contract: Contract, names: Names) -> str:
    if contract.prefix:
        return "PREFIX"
    if contract.protocol == "rest":
        firsts = dict.fromkeys(f"/{each.path.split('/')[1]}" for each in contract.calls)
        return ", ".join(quoted(first) for first in firsts if "{" not in first)
    return quoted(f"/soap/{names.api}")


def _readme(contract: Contract, names: Names, title: str, texts: Mapping[str, str]) -> str:
    todos = [
        f"* ``{path.partition('/')[2]}``: {text.count('TODO')}"
        for path, text in sorted(texts.items())
        if "TODO" in text
    ]
    first = contract.calls[0]
    return _fill(
        "README.rst",
        heading=f"{title} for the session gateway",
        underline="=" * len(f"{title} for the session gateway"),
        source=contract.source,
        key=names.key,
        request=_curl(contract, names, first),
        todos="\n".join(todos),
        module=names.module,
        body=_file(contract),
        **_both(names),
    )


def _curl(contract: Contract, names: Names, each: Call) -> str:
    body = sample.body(contract, each, names.api)
    data = f" --data-binary @{_file(contract)}" if body else ""
    verb = "" if each.method in ("GET", "POST") else f" -X {each.method}"
    kind = f" -H 'Content-Type: {contract.media_type}'" if body else ""
    key = f" -H 'Authorization: Bearer {names.key}'"
    return f"   $ curl -s{verb} 'http://127.0.0.1:8000{target(contract, each, names.api)}'{key}{kind}{data}"


def _file(contract: Contract) -> str:
    return "request.json" if contract.protocol == "rest" else "request.xml"


def target(contract: Contract, each: Call, name: str) -> str:
    """Where a request to an operation goes, with values for what travels in path and query."""
    if contract.protocol == "soap":
        return f"/soap/{name}"
    if contract.protocol == "servicestack":
        return f"/xml/reply/{each.name}"
    tree, path = sample.texts(each.request), each.path
    for field in each.request.fields:
        if field.location == "path":
            path = path.replace(f"{{{field.name}}}", tree[field.name])
    query = "&".join(f"{one.name}={tree[one.name]}" for one in each.request.fields if one.location == "query")
    return f"{path}?{query}" if query else path


def _golden(contract: Contract, names: Names) -> Iterator[tuple[str, bytes]]:
    for each in contract.calls:
        body = sample.body(contract, each, names.api)
        headers = [("Authorization", f"Bearer {names.key}")]
        tree = sample.texts(each.request)
        headers += [(one.name, tree[one.name]) for one in each.request.fields if one.location == "header"]
        headers += [("Content-Type", contract.media_type)] if body else []
        headers += [("SOAPAction", f'"{each.name}"')] if contract.media_type.startswith("text/xml") else []
        lines = [f"{each.method} {target(contract, each, names.api)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        yield f"{folder(each, names)}/request.http", "\n".join([*lines, "", ""]).encode() + body


def folder(each: Call, names: Names) -> str:
    """Where the golden case of an operation lies."""
    return f"tests/golden/{names.api}/{each.name}__{'as_sampled' if each.body else 'every_member'}"
