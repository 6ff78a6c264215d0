"""Hostile envelopes. ``soap`` answers soap:Fault or PartStream's own answer, ``servicestack`` its ErrorResponse."""

import re

from tests.attacks.corpus import Attack, Make, attribute, whole

BAD, BIG = "malformed", "too_large"
WSA, WS = "WS-Attacker: ", "OWASP Web Service Security: "
SPEC = "SOAP 1.1 and 1.2"
ADDRESSING = b"http://www.w3.org/2005/08/addressing"
OLD_ADDRESSING = b"http://schemas.xmlsoap.org/ws/2004/08/addressing"
SIGNATURE = b"http://www.w3.org/2000/09/xmldsig#"
SECURITY = b"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ENCRYPTION = b"http://www.w3.org/2001/04/xmlenc#"


def soap(
    name: str, expect: str, source: str, make: Make, setting: str = "", headers: dict[str, str] | None = None
) -> Attack:
    return Attack(f"soap: {name}", ("soap",), expect, source, make, setting, headers)


def prefix(good: bytes) -> bytes:
    """The prefix of the envelope's namespace."""
    found = re.match(rb"<([^:<>]+):Envelope", good)
    assert found is not None, good
    return found[1]


def block(text: bytes) -> Make:
    """A Header block more; ``{p}`` is the envelope's prefix."""

    def make(good: bytes) -> bytes:
        name = prefix(good)
        filled = text.replace(b"{p}", name)
        if b"<%s:Header>" % name in good:
            return good.replace(b"<%s:Header>" % name, b"<%s:Header>" % name + filled, 1)
        return good.replace(b"<%s:Body" % name, b"<%s:Header>%s</%s:Header><%s:Body" % (name, filled, name, name), 1)

    return make


def body(text: bytes) -> Make:
    """Another content of the Body; ``{p}`` is the envelope's prefix, ``{good}`` what was in it."""

    def make(good: bytes) -> bytes:
        name = prefix(good)
        found = re.search(rb"(<%s:Body[^<>]*>)(.*)(</%s:Body>)" % (name, name), good, re.DOTALL)
        assert found is not None, good
        return good[: found.start(2)] + text.replace(b"{p}", name).replace(b"{good}", found[2]) + good[found.end(2) :]

    return make


def around(text: bytes) -> Make:
    """Something else for the Body and what is in it; ``{body}`` is the Body."""

    def make(good: bytes) -> bytes:
        name = prefix(good)
        found = re.search(rb"<%s:Body[^<>]*>.*</%s:Body>" % (name, name), good, re.DOTALL)
        assert found is not None, good
        return good.replace(found[0], text.replace(b"{p}", name).replace(b"{body}", found[0]))

    return make


def copied(text: bytes) -> Make:
    """A Header block that holds a copy of the Body, ``{body}``."""

    def make(good: bytes) -> bytes:
        found = re.search(rb"<%s:Body[^<>]*>.*</%s:Body>" % (prefix(good), prefix(good)), good, re.DOTALL)
        assert found is not None, good
        return block(text.replace(b"{body}", found[0]))(good)

    return make


def action(text: str) -> dict[str, str]:
    """A SOAPAction."""
    return {"soapaction": text}


ENVELOPES = [
    soap("no Body", BAD, SPEC, around(b"")),
    soap("only a Header", BAD, SPEC, around(b"<{p}:Header/>")),
    soap("an empty Body", "not_found_route|malformed|invalid|unsupported|method_not_allowed", SPEC, body(b"")),
    soap("two Bodies", BAD, SPEC, around(b"{body}{body}")),
    soap("two Headers", BAD, SPEC, around(b"<{p}:Header/><{p}:Header/>{body}")),
    soap("a Header behind the Body", BAD, SPEC, around(b"{body}<{p}:Header/>")),
    soap("two operations in one Body", f"{BAD} servicestack=accepted", SPEC, body(b"{good}{good}")),
    soap("something behind the Body", "accepted|malformed", SPEC, around(b"{body}<x/>")),
    soap("a Body in another namespace", BAD, SPEC, around(b'<Body xmlns="urn:x"/>')),
    soap(
        "an envelope in a namespace of nobody",
        BAD,
        SPEC,
        lambda good: re.sub(rb'="[^"]*(?:soap/envelope/|soap-envelope)"', b'="urn:x"', good),
    ),
    soap("an envelope in no namespace", BAD, SPEC, whole(b"<Envelope><Body/></Envelope>")),
    soap(
        "an envelope of SOAP 1.2's draft",
        BAD,
        SPEC,
        whole(b'<e:Envelope xmlns:e="http://www.w3.org/2001/12/soap-envelope"><e:Body/></e:Envelope>'),
    ),
    soap(
        "an envelope in an envelope",
        "not_found_route|malformed|unsupported|method_not_allowed",
        SPEC,
        lambda good: body(good)(good),
    ),
    soap("an unknown operation", "not_found_route|malformed|method_not_allowed", SPEC, body(b'<Nope xmlns="urn:x"/>')),
    soap("text in the Body", "accepted|malformed", SPEC, body(b"x{good}")),
    soap(
        "a fault as a request",
        "not_found_route|malformed|method_not_allowed",
        SPEC,
        body(b"<{p}:Fault><faultcode>x</faultcode></{p}:Fault>"),
    ),
    soap(
        "an encoding style",
        "accepted|malformed",
        WS + "Transport Encoding",
        attribute(b'enc:encodingStyle="urn:x" xmlns:enc="http://schemas.xmlsoap.org/soap/envelope/"'),
    ),
]

ACTIONS = [
    soap(
        "SOAPAction of another operation",
        "accepted",
        WSA + "SoapActionSpoofing",
        lambda good: good,
        headers=action('"urn:session-gateway:sessions/EndSession"'),
    ),
    soap(
        "SOAPAction of nothing", "accepted", WSA + "SoapActionSpoofing", lambda good: good, headers=action('"urn:nope"')
    ),
    soap(
        "SOAPAction of a login",
        "accepted",
        WSA + "SoapActionSpoofing",
        lambda good: good,
        headers=action("UserLoginRequest"),
    ),
    soap(
        "SOAPAction with a line's end",
        "accepted",
        WSA + "SoapActionSpoofing",
        lambda good: good,
        headers=action('"x\\r\\nX: y"'),
    ),
    soap(
        "SOAPAction of 10,000 characters",
        "accepted",
        WSA + "XmlOverlongNames",
        lambda good: good,
        headers=action('"' + "x" * 10_000 + '"'),
    ),
    soap(
        "SOAPAction alone, with an empty Body",
        "not_found_route|malformed|invalid|unsupported|method_not_allowed",
        WSA + "SoapActionSpoofing",
        body(b""),
        headers=action("EndSession"),
    ),
    soap(
        "action of WS-Addressing of another operation",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:Action xmlns:a="' + ADDRESSING + b'">urn:session-gateway:sessions/EndSession</a:Action>'),
    ),
    soap(
        "action of 2004 of another operation",
        "accepted servicestack=malformed|method_not_allowed",
        WSA + "WsAddressingSpoofing",
        block(b'<a:Action xmlns:a="' + OLD_ADDRESSING + b'">UserClientSessionLogRequest</a:Action>'),
    ),
]

HEADERS = [
    soap(
        "ReplyTo a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:ReplyTo xmlns:a="' + ADDRESSING + b'"><a:Address>http://{listener}/</a:Address></a:ReplyTo>'),
    ),
    soap(
        "FaultTo a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:FaultTo xmlns:a="' + ADDRESSING + b'"><a:Address>http://{listener}/</a:Address></a:FaultTo>'),
    ),
    soap(
        "To a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:To xmlns:a="' + ADDRESSING + b'">http://{listener}/</a:To>'),
    ),
    soap(
        "ReplyTo of 2004 a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:ReplyTo xmlns:a="' + OLD_ADDRESSING + b'"><a:Address>http://{listener}/</a:Address></a:ReplyTo>'),
    ),
    soap(
        "a MessageID of 60,000 characters",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(
            b'<a:Action xmlns:a="'
            + ADDRESSING
            + b'">x</a:Action><a:MessageID xmlns:a="'
            + ADDRESSING
            + b'">'
            + b"x" * 60_000
            + b"</a:MessageID>"
        ),
    ),
    soap(
        "a MessageID with markup",
        "accepted",
        "OWASP Web Service Security: Output Encoding",
        block(
            b'<a:Action xmlns:a="'
            + ADDRESSING
            + b'">x</a:Action><a:MessageID xmlns:a="'
            + ADDRESSING
            + b'">&lt;/a&gt;&lt;b&gt;</a:MessageID>'
        ),
    ),
    soap(
        "a block that must be understood",
        f"{BAD} servicestack=accepted",
        SPEC,
        block(b'<x:y xmlns:x="urn:x" {p}:mustUnderstand="1"/>'),
    ),
    soap(
        "a block that must be understood by another",
        "accepted",
        SPEC,
        block(b'<x:y xmlns:x="urn:x" {p}:mustUnderstand="1" {p}:actor="urn:z" {p}:role="urn:z"/>'),
    ),
    soap("a block that nobody must understand", "accepted", SPEC, block(b'<x:y xmlns:x="urn:x"/>')),
    soap("10,000 blocks", "accepted", WSA + "XmlElementCount", block(b"<x/>" * 10_000)),
    soap(
        "an interfacename more",
        "accepted|unauthenticated",
        WSA + "SoapActionSpoofing",
        block(b"<interfacename>SWServiceLogout</interfacename>"),
    ),
]


ATTACKS = [*ENVELOPES, *ACTIONS, *HEADERS]
