"""``/types/{language}``: the classes of the catalog as source text, in the shape that update tools look for."""

import re
from collections.abc import Callable, Iterator, Mapping

from adapters.codecs.text_json import camel_case
from adapters.scalars import Kind
from adapters.servicestack.dto import Catalog, ClassType, enum_name
from schemas.message import Member

_HEADER = (
    'Date: {date}\nVersion: 6.00\nTip: To override a DTO option, remove "{comment}" prefix before updating\n'
    "BaseUrl: {base}\n"
)


def _identifier(name: str) -> str:
    cleaned = re.sub(r"\W", "_", name)
    return f"_{cleaned}" if cleaned[:1].isdigit() else cleaned


def _type(member: Member, owner: str, catalog: Catalog, scalars: Mapping[Kind, str], listed: str) -> str:
    if member.message is not None:
        return catalog.class_name(member.message)
    if member.item is not None:
        return listed.format(_type(member.item, owner, catalog, scalars, listed))
    return enum_name(owner, member) if member.choices else scalars[member.kind]


_TYPESCRIPT = {
    **dict.fromkeys(Kind, "string"),
    Kind.BOOLEAN: "boolean",
    **dict.fromkeys((Kind.INT, Kind.LONG, Kind.DECIMAL, Kind.DOUBLE), "number"),
    Kind.ANY: "any",
}


def typescript(catalog: Catalog, base_url: str, date: str) -> str:
    """TypeScript, as ``@servicestack/cli`` expects it."""
    header = _HEADER.format(date=date, base=base_url, comment="//")
    return "\n".join([f"/* Options:\n{header}*/\n", *_TS_FRAME, *_ts_enums(catalog), *_ts_classes(catalog)])


_TS_FRAME = (
    "export interface IReturn<T>\n{\n    createResponse(): T;\n}\n",
    "export interface IReturnVoid\n{\n    createResponse(): void;\n}\n",
)


def _ts_enums(catalog: Catalog) -> Iterator[str]:
    for item in catalog.enums:
        rows = "".join(f"    {_identifier(choice)} = {_quoted(choice)},\n" for choice in item.choices)
        yield f"export enum {_identifier(item.name)}\n{{\n{rows}}}\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _ts_classes(catalog: Catalog) -> Iterator[str]:
    for item in catalog.classes:
        returns = f" implements IReturn<{item.answer}>" if item.offered else ""
        lines = [*(f'// @Route("{path}"{verbs})' for path, verbs in _routes(item))]
        lines += [f"export class {item.name}{returns}", "{"]
        for member in item.message.derived_members:
            kind = _type(member, item.name, catalog, _TYPESCRIPT, "{}[]")
            name = camel_case(member.name)
            lines.append(f"    public {name if _identifier(name) == name else _quoted(name)}?: {kind};")
        lines.append(f"    public constructor(init?: Partial<{item.name}>) {{ (Object as any).assign(this, init); }}")
        if item.offered:
            lines.append(f"    public getTypeName() {{ return '{item.name}'; }}")
            lines.append("    public getMethod() { return 'POST'; }")
            lines.append(f"    public createResponse() {{ return new {item.answer}(); }}")
        yield "\n".join([*lines, "}\n"])


def _routes(item: ClassType) -> Iterator[tuple[str, str]]:
    if item.offered is not None and item.offered.native:
        for route in item.offered.operation.routes:
            yield route.path, "" if route.method == "*" else f', "{route.method}"'


_PYTHON = {
    **dict.fromkeys(Kind, "str"),
    Kind.BOOLEAN: "bool",
    **dict.fromkeys((Kind.INT, Kind.LONG), "int"),
    Kind.DECIMAL: "decimal.Decimal",
    Kind.DOUBLE: "float",
    **dict.fromkeys((Kind.DATETIME, Kind.INSTANT), "datetime.datetime"),
    Kind.DURATION: "datetime.timedelta",
    Kind.BASE64: "bytes",
    Kind.ANY: "Any",
}
_PYTHON_IMPORTS = (
    "import datetime\nimport decimal\nfrom dataclasses import dataclass, field\nfrom enum import Enum\n"
    "from typing import Any, Dict, List, Optional\n\n"
    "from dataclasses_json import LetterCase, Undefined, dataclass_json\n"
    "from marshmallow import fields as mf\nfrom servicestack import *\n"
)


def python(catalog: Catalog, base_url: str, date: str) -> str:
    """Python, for the PyPI package ``servicestack``."""
    header = _HEADER.format(date=date, base=base_url, comment="#")
    return "\n".join([f'""" Options:\n{header}"""\n', _PYTHON_IMPORTS, *_py_enums(catalog), *_py_classes(catalog)])


def _py_enums(catalog: Catalog) -> Iterator[str]:
    for item in catalog.enums:
        rows = "".join(f"    {_snake(choice).upper()} = {_quoted(choice)}\n" for choice in item.choices)
        yield f"\nclass {_identifier(item.name)}(str, Enum):\n{rows}"


def _py_classes(catalog: Catalog) -> Iterator[str]:
    for item in catalog.classes:
        base = f"(IReturn[{item.answer}])" if item.offered else ""
        lines = [f'# @Route("{path}"{verbs})' for path, verbs in _routes(item)]
        lines += ["@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)", "@dataclass"]
        lines.append(f"class {item.name}{base}:")
        for member in item.message.derived_members:
            kind = _type(member, item.name, catalog, _PYTHON, "List[{}]")
            lines.append(f"    {_snake(member.name)}: Optional[{kind}] = None")
        if not item.message.members:
            lines.append("    pass")
        yield "\n".join(["", *lines, ""])


def _snake(name: str) -> str:
    return _identifier(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower())


_CSHARP = {
    **dict.fromkeys(Kind, "string"),
    Kind.BOOLEAN: "bool",
    Kind.INT: "int",
    Kind.LONG: "long",
    Kind.DECIMAL: "decimal",
    Kind.DOUBLE: "double",
    Kind.DATETIME: "DateTime",
    Kind.INSTANT: "DateTimeOffset",
    Kind.GUID: "Guid",
    Kind.DURATION: "TimeSpan",
    Kind.BASE64: "byte[]",
    Kind.CHAR: "char",
    Kind.ANY: "object",
}
_VALUE_TYPES = frozenset(_CSHARP) - {Kind.STRING, Kind.BASE64, Kind.ANY, Kind.OBJECT, Kind.LIST}


def csharp(catalog: Catalog, base_url: str, date: str) -> str:
    """C#, for the ServiceStack clients of .NET."""
    header = _HEADER.format(date=date, base=base_url, comment="//")
    uses = ["System", "System.Collections.Generic", "System.Runtime.Serialization", "ServiceStack"]
    using = "".join(f"using {name};\n" for name in uses)
    return "\n".join([f"/* Options:\n{header}*/\n", using, *_cs_enums(catalog), *_cs_classes(catalog)])


def _cs_enums(catalog: Catalog) -> Iterator[str]:
    for item in catalog.enums:
        rows = "".join(f"    {_identifier(choice)},\n" for choice in item.choices)
        yield f"public enum {_identifier(item.name)}\n{{\n{rows}}}\n"


def _cs_classes(catalog: Catalog) -> Iterator[str]:
    for item in catalog.classes:
        returns = f" : IReturn<{item.answer}>" if item.offered else ""
        lines = [f'[Route("{path}"{verbs})]' for path, verbs in _routes(item)]
        lines.append(f'[DataContract(Name = "{item.message.name}", Namespace = "{item.message.namespace}")]')
        lines += [f"public partial class {item.name}{returns}", "{"]
        for member in item.message.derived_members:
            kind = _type(member, item.name, catalog, _CSHARP, "List<{}>")
            optional = "?" if member.nillable and member.kind in _VALUE_TYPES else ""
            name = f'(Name = "{member.name}")' if _identifier(member.name) != member.name else ""
            lines.append(f"    [DataMember{name}] public {kind}{optional} {_identifier(member.name)} {{ get; set; }}")
        yield "\n".join([*lines, "}\n"])


LANGUAGES: Mapping[str, Callable[[Catalog, str, str], str]] = {
    "typescript": typescript,
    "python": python,
    "csharp": csharp,
}
