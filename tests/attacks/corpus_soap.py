"""Hostile envelopes. ``soap`` answers soap:Fault or PartStream's own answer, ``servicestack`` its ErrorResponse."""

import re

from tests.attacks.corpus import Attack, Make, attribute, inside, value, whole

BAD, BIG = "malformed", "too_large"
WSA, WS = "WS-Attacker: ", "OWASP Web Service Security: "
SPEC = "SOAP 1.1 and 1.2"
ADDRESSING = b"http://www.w3.org/2005/08/addressing"
OLD_ADDRESSING = b"http://schemas.xmlsoap.org/ws/2004/08/addressing"
SIGNATURE = b"http://www.w3.org/2000/09/xmldsig#"
SECURITY = b"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ENCRYPTION = b"http://www.w3.org/2001/04/xmlenc#"


def _soap(
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
    _soap("no Body", BAD, SPEC, around(b"")),
    _soap("only a Header", BAD, SPEC, around(b"<{p}:Header/>")),
    _soap("an empty Body", "not_found_route|malformed|invalid|unsupported|method_not_allowed", SPEC, body(b"")),
    _soap("two Bodies", BAD, SPEC, around(b"{body}{body}")),
    _soap("two Headers", BAD, SPEC, around(b"<{p}:Header/><{p}:Header/>{body}")),
    _soap("a Header behind the Body", BAD, SPEC, around(b"{body}<{p}:Header/>")),
    _soap("two operations in one Body", f"{BAD} servicestack=accepted", SPEC, body(b"{good}{good}")),
    _soap("something behind the Body", "accepted|malformed", SPEC, around(b"{body}<x/>")),
    _soap("a Body in another namespace", BAD, SPEC, around(b'<Body xmlns="urn:x"/>')),
    _soap(
        "an envelope in a namespace of nobody",
        BAD,
        SPEC,
        lambda good: re.sub(rb'="[^"]*(?:soap/envelope/|soap-envelope)"', b'="urn:x"', good),
    ),
    _soap("an envelope in no namespace", BAD, SPEC, whole(b"<Envelope><Body/></Envelope>")),
    _soap(
        "an envelope of SOAP 1.2's draft",
        BAD,
        SPEC,
        whole(b'<e:Envelope xmlns:e="http://www.w3.org/2001/12/soap-envelope"><e:Body/></e:Envelope>'),
    ),
    _soap(
        "an envelope in an envelope",
        "not_found_route|malformed|unsupported|method_not_allowed",
        SPEC,
        lambda good: body(good)(good),
    ),
    _soap("an unknown operation", "not_found_route|malformed|method_not_allowed", SPEC, body(b'<Nope xmlns="urn:x"/>')),
    _soap("text in the Body", "accepted|malformed", SPEC, body(b"x{good}")),
    _soap(
        "a fault as a request",
        "not_found_route|malformed|method_not_allowed",
        SPEC,
        body(b"<{p}:Fault><faultcode>x</faultcode></{p}:Fault>"),
    ),
    _soap(
        "an encoding style",
        "accepted|malformed",
        WS + "Transport Encoding",
        attribute(b'enc:encodingStyle="urn:x" xmlns:enc="http://schemas.xmlsoap.org/soap/envelope/"'),
    ),
]

ACTIONS = [
    _soap(
        "SOAPAction of another operation",
        "accepted",
        WSA + "SoapActionSpoofing",
        lambda good: good,
        headers=action('"urn:session-gateway:sessions/EndSession"'),
    ),
    _soap(
        "SOAPAction of nothing", "accepted", WSA + "SoapActionSpoofing", lambda good: good, headers=action('"urn:nope"')
    ),
    _soap(
        "SOAPAction of a login",
        "accepted",
        WSA + "SoapActionSpoofing",
        lambda good: good,
        headers=action("UserLoginRequest"),
    ),
    _soap(
        "SOAPAction with a line's end",
        "accepted",
        WSA + "SoapActionSpoofing",
        lambda good: good,
        headers=action('"x\\r\\nX: y"'),
    ),
    _soap(
        "SOAPAction of 10,000 characters",
        "accepted",
        WSA + "XmlOverlongNames",
        lambda good: good,
        headers=action('"' + "x" * 10_000 + '"'),
    ),
    _soap(
        "SOAPAction alone, with an empty Body",
        "not_found_route|malformed|invalid|unsupported|method_not_allowed",
        WSA + "SoapActionSpoofing",
        body(b""),
        headers=action("EndSession"),
    ),
    _soap(
        "action of WS-Addressing of another operation",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:Action xmlns:a="' + ADDRESSING + b'">urn:session-gateway:sessions/EndSession</a:Action>'),
    ),
    _soap(
        "action of 2004 of another operation",
        "accepted servicestack=malformed|method_not_allowed",
        WSA + "WsAddressingSpoofing",
        block(b'<a:Action xmlns:a="' + OLD_ADDRESSING + b'">UserClientSessionLogRequest</a:Action>'),
    ),
]

HEADERS = [
    _soap(
        "ReplyTo a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:ReplyTo xmlns:a="' + ADDRESSING + b'"><a:Address>http://{listener}/</a:Address></a:ReplyTo>'),
    ),
    _soap(
        "FaultTo a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:FaultTo xmlns:a="' + ADDRESSING + b'"><a:Address>http://{listener}/</a:Address></a:FaultTo>'),
    ),
    _soap(
        "To a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:To xmlns:a="' + ADDRESSING + b'">http://{listener}/</a:To>'),
    ),
    _soap(
        "ReplyTo of 2004 a listener",
        "accepted",
        WSA + "WsAddressingSpoofing",
        block(b'<a:ReplyTo xmlns:a="' + OLD_ADDRESSING + b'"><a:Address>http://{listener}/</a:Address></a:ReplyTo>'),
    ),
    _soap(
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
    _soap(
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
    _soap(
        "a block that must be understood",
        f"{BAD} servicestack=accepted",
        SPEC,
        block(b'<x:y xmlns:x="urn:x" {p}:mustUnderstand="1"/>'),
    ),
    _soap(
        "a block that must be understood by another",
        "accepted",
        SPEC,
        block(b'<x:y xmlns:x="urn:x" {p}:mustUnderstand="1" {p}:actor="urn:z" {p}:role="urn:z"/>'),
    ),
    _soap("a block that nobody must understand", "accepted", SPEC, block(b'<x:y xmlns:x="urn:x"/>')),
    _soap("10,000 blocks", "accepted", WSA + "XmlElementCount", block(b"<x/>" * 10_000)),
    _soap(
        "an interfacename more",
        "accepted|unauthenticated",
        WSA + "SoapActionSpoofing",
        block(b"<interfacename>SWServiceLogout</interfacename>"),
    ),
]

SECURED = [
    _soap("a second Body in the Header", "accepted", WSA + "SignatureWrapping", copied(b"<w>{body}</w>")),
    _soap("a second Body as a block", "accepted", WSA + "SignatureWrapping", block(b'<{p}:Body Id="signed"/>')),
    _soap(
        "a second Body around the first",
        f"{BAD}|not_found_route|unsupported|method_not_allowed",
        WSA + "SignatureWrapping",
        around(b"<{p}:Body>{body}</{p}:Body>"),
    ),
    _soap(
        "a second Body behind the first, in a wrapper",
        "accepted|malformed",
        WSA + "SignatureWrapping",
        around(b"{body}<w>{body}</w>"),
    ),
    _soap(
        "a signature that must be understood",
        f"{BAD} servicestack=accepted",
        WSA + "SignatureExclusionAttack",
        block(
            b'<w:Security xmlns:w="'
            + SECURITY
            + b'" {p}:mustUnderstand="1"><d:Signature xmlns:d="'
            + SIGNATURE
            + b'"/></w:Security>'
        ),
    ),
    _soap(
        "a signature that nobody asked for",
        "accepted",
        WSA + "SignatureExclusionAttack",
        block(
            b'<w:Security xmlns:w="'
            + SECURITY
            + b'"><d:Signature xmlns:d="'
            + SIGNATURE
            + b'"><d:SignedInfo><d:Reference URI="http://{listener}/"/></d:SignedInfo></d:Signature></w:Security>'
        ),
    ),
    _soap(
        "a signature with a transformation",
        "accepted",
        WSA + "SignatureWrapping",
        block(
            b'<d:Signature xmlns:d="'
            + SIGNATURE
            + b'"><d:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><t:stylesheet xmlns:t="http://www.w3.org/1999/XSL/Transform"/></d:Transform></d:Signature>'
        ),
    ),
    _soap(
        "a key to be fetched",
        "accepted",
        WSA + "SignatureWrapping",
        block(b'<d:KeyInfo xmlns:d="' + SIGNATURE + b'"><d:RetrievalMethod URI="http://{listener}/key"/></d:KeyInfo>'),
    ),
    _soap(
        "an encrypted Body",
        "not_found_route|malformed|method_not_allowed",
        WSA + "XMLEncryptionAttack",
        body(
            b'<e:EncryptedData xmlns:e="'
            + ENCRYPTION
            + b'"><e:CipherData><e:CipherReference URI="http://{listener}/"/></e:CipherData></e:EncryptedData>'
        ),
    ),
    _soap(
        "an encrypted value",
        BAD,
        WSA + "XMLEncryptionAttack",
        value(b'<e:EncryptedData xmlns:e="' + ENCRYPTION + b'"/>'),
    ),
    _soap(
        "an encrypted key that must be understood",
        f"{BAD} servicestack=accepted",
        WSA + "XMLEncryptionAttack",
        block(b'<e:EncryptedKey xmlns:e="' + ENCRYPTION + b'" {p}:mustUnderstand="1"/>'),
    ),
    _soap(
        "a security token with a password",
        "accepted",
        WS + "User Authentication",
        block(
            b'<w:Security xmlns:w="'
            + SECURITY
            + b'"><w:UsernameToken><w:Username>a</w:Username><w:Password>b</w:Password></w:UsernameToken></w:Security>'
        ),
    ),
]

ARRAYS = [
    _soap(
        "an array of two thousand million",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="x:string[2147483647]"/>'),
    ),
    _soap(
        "an array of arrays",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="x:string[][99999][99999]"/>'),
    ),
    _soap(
        "an array of less than nothing",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="x:string[-1]"/>'),
    ),
    _soap(
        "an array with an offset",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:offset="[2147483646]"/>'),
    ),
    _soap(
        "an array of SOAP 1.2",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://www.w3.org/2003/05/soap-encoding" n:arraySize="2147483647"/>'),
    ),
    _soap("an array where a text is", BAD, WSA + "SoapArrayAttack", value(b"<item/>" * 1_000)),
    _soap("a reference to another element", "accepted", WSA + "SoapArrayAttack", inside(b'<a href="#b"/>')),
    _soap(
        "a reference out of the message", "accepted", WSA + "SoapArrayAttack", inside(b'<a href="http://{listener}/"/>')
    ),
    _soap(
        "references in a circle",
        "accepted",
        WS + "XML Denial of Service Protection",
        inside(b'<a id="x" href="#y"/><b id="y" href="#x"/>'),
    ),
]

MIME = (
    b'--b\r\nContent-Type: application/xop+xml; charset=UTF-8; type="text/xml"\r\nContent-ID: <root@x>\r\n\r\n%s\r\n'
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-ID: <a@b>\r\n\r\nX5O!P%%@AP\r\n--b--\r\n"
)
ATTACHED = [
    _soap(
        "MTOM",
        "unsupported_media|malformed",
        WS + "Virus Protection",
        lambda good: MIME % good,
        headers={"content-type": 'multipart/related; boundary=b; type="application/xop+xml"; start="<root@x>"'},
    ),
    _soap(
        "SOAP with Attachments",
        "unsupported_media|malformed",
        WS + "Virus Protection",
        lambda good: MIME.replace(b"application/xop+xml", b"text/xml") % good,
        headers={"content-type": "multipart/related; boundary=b; type=text/xml"},
    ),
    _soap(
        "DIME",
        "unsupported_media|malformed",
        WS + "Virus Protection",
        whole(b"\x0c\x10\0\0\0\x29\0\x28\0\0\1\0" + b"x" * 200),
        headers={"content-type": "application/dime"},
    ),
    _soap(
        "binary XML",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"\x56\x02\x0b\x01\x73\x04\x0b\x01\x61\x06"),
        headers={"content-type": "application/soap+msbin1"},
    ),
    _soap(
        "fast infoset",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"\xe0\0\0\1\0\x38\xcf"),
        headers={"content-type": "application/fastinfoset"},
    ),
    _soap(
        "a form",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"a=1&b=2"),
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    _soap(
        "JSON",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"{}"),
        headers={"content-type": "application/json"},
    ),
    _soap("no content type", "accepted", WS + "Content Validation", lambda good: good, headers={"content-type": ""}),
    _soap(
        "a content type of 10,000 characters",
        "unsupported_media|malformed servicestack=accepted",
        WS + "Content Validation",
        lambda good: good,
        headers={"content-type": "x/" + "y" * 10_000},
    ),
]

ATTACKS = [*ENVELOPES, *ACTIONS, *HEADERS, *SECURED, *ARRAYS, *ATTACHED]
