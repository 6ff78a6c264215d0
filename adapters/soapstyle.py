"""How an API is spoken over SOAP where it was not published as document/literal: a plain value in ``Api.options``."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SoapStyle:
    """The published SOAP form of one API; the protocol ``soap`` reads it from ``api.options["soap"]``.

    ``dispatch``: ``body`` (by the name of the body's element) or ``header`` (by the text of the Header's element
    ``header_member``, compared exactly). ``wrapper`` is the Body element around the request's parameters, empty for
    the request message's own name. With ``bare_answer`` the answer's members stand directly in the Body.
    ``qualified`` says whether members stand in the message's namespace. ``encoding_style`` is repeated on the
    Envelope, ``prefix`` is that of the Envelope's namespace, ``declaration`` puts an XML declaration before it.
    ``path`` is where it is served as a native API, empty for ``/soap/{api}``; ``versions`` are the SOAP versions of
    the envelopes that are understood.
    With ``wrapped`` an answer is :func:`adapters.wrapped.answer_of` its operation, and a fault's detail stands in the
    API's own namespace. ``wsdl`` names the published file that describes the API, empty for one made when it is asked
    for.
    ``media_types`` are the request's accepted content types (a missing one is always accepted).
    With ``local_members`` only a message's own element stands in its namespace and what it holds in none: XML Schema's
    ``elementFormDefault="unqualified"``, Java's default, and rpc/literal.
    """

    dispatch: Literal["body", "header"] = "body"
    header_member: str = ""
    wrapper: str = ""
    bare_answer: bool = False
    qualified: bool = True
    encoding_style: str = ""
    prefix: str = "soap"
    declaration: bool = True
    path: str = ""
    wrapped: bool = False
    wsdl: str = ""
    versions: tuple[str, ...] = ("1.1", "1.2")
    media_types: tuple[str, ...] = ("text/xml", "application/xml", "application/soap+xml")
    local_members: bool = False


ADDRESSING = "http://www.w3.org/2005/08/addressing"
"""The namespace of WS-Addressing 1.0, whose headers are understood in document/literal."""

DOCUMENT_LITERAL = SoapStyle()
"""How an API is spoken over SOAP that was never published over it."""


def target_namespace(api: str, namespace: str) -> str:
    """The namespace of a document/literal element: its message's own, or one made of the API's name."""
    return namespace or f"urn:session-gateway:{api}"
