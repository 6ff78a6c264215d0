"""Hostile envelopes: security that nobody asked for, arrays, attachments."""

from tests.attacks.corpus import inside, value, whole
from tests.attacks.corpus_soap import BAD, ENCRYPTION, SECURITY, SIGNATURE, WS, WSA, around, block, body, copied, soap

SECURED = [
    soap("a second Body in the Header", "accepted", WSA + "SignatureWrapping", copied(b"<w>{body}</w>")),
    soap("a second Body as a block", "accepted", WSA + "SignatureWrapping", block(b'<{p}:Body Id="signed"/>')),
    soap(
        "a second Body around the first",
        f"{BAD}|not_found_route|unsupported|method_not_allowed",
        WSA + "SignatureWrapping",
        around(b"<{p}:Body>{body}</{p}:Body>"),
    ),
    soap(
        "a second Body behind the first, in a wrapper",
        "accepted|malformed",
        WSA + "SignatureWrapping",
        around(b"{body}<w>{body}</w>"),
    ),
    soap(
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
    soap(
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
    soap(
        "a signature with a transformation",
        "accepted",
        WSA + "SignatureWrapping",
        block(
            b'<d:Signature xmlns:d="'
            + SIGNATURE
            + b'"><d:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><t:stylesheet xmlns:t="http://www.w3.org/1999/XSL/Transform"/></d:Transform></d:Signature>'
        ),
    ),
    soap(
        "a key to be fetched",
        "accepted",
        WSA + "SignatureWrapping",
        block(b'<d:KeyInfo xmlns:d="' + SIGNATURE + b'"><d:RetrievalMethod URI="http://{listener}/key"/></d:KeyInfo>'),
    ),
    soap(
        "an encrypted Body",
        "not_found_route|malformed|method_not_allowed",
        WSA + "XMLEncryptionAttack",
        body(
            b'<e:EncryptedData xmlns:e="'
            + ENCRYPTION
            + b'"><e:CipherData><e:CipherReference URI="http://{listener}/"/></e:CipherData></e:EncryptedData>'
        ),
    ),
    soap(
        "an encrypted value",
        BAD,
        WSA + "XMLEncryptionAttack",
        value(b'<e:EncryptedData xmlns:e="' + ENCRYPTION + b'"/>'),
    ),
    soap(
        "an encrypted key that must be understood",
        f"{BAD} servicestack=accepted",
        WSA + "XMLEncryptionAttack",
        block(b'<e:EncryptedKey xmlns:e="' + ENCRYPTION + b'" {p}:mustUnderstand="1"/>'),
    ),
    soap(
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
    soap(
        "an array of two thousand million",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="x:string[2147483647]"/>'),
    ),
    soap(
        "an array of arrays",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="x:string[][99999][99999]"/>'),
    ),
    soap(
        "an array of less than nothing",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="x:string[-1]"/>'),
    ),
    soap(
        "an array with an offset",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:offset="[2147483646]"/>'),
    ),
    soap(
        "an array of SOAP 1.2",
        "accepted",
        WSA + "SoapArrayAttack",
        inside(b'<a xmlns:n="http://www.w3.org/2003/05/soap-encoding" n:arraySize="2147483647"/>'),
    ),
    soap("an array where a text is", BAD, WSA + "SoapArrayAttack", value(b"<item/>" * 1_000)),
    soap("a reference to another element", "accepted", WSA + "SoapArrayAttack", inside(b'<a href="#b"/>')),
    soap(
        "a reference out of the message", "accepted", WSA + "SoapArrayAttack", inside(b'<a href="http://{listener}/"/>')
    ),
    soap(
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
    soap(
        "MTOM",
        "unsupported_media|malformed",
        WS + "Virus Protection",
        lambda good: MIME % good,
        headers={"content-type": 'multipart/related; boundary=b; type="application/xop+xml"; start="<root@x>"'},
    ),
    soap(
        "SOAP with Attachments",
        "unsupported_media|malformed",
        WS + "Virus Protection",
        lambda good: MIME.replace(b"application/xop+xml", b"text/xml") % good,
        headers={"content-type": "multipart/related; boundary=b; type=text/xml"},
    ),
    soap(
        "DIME",
        "unsupported_media|malformed",
        WS + "Virus Protection",
        whole(b"\x0c\x10\0\0\0\x29\0\x28\0\0\1\0" + b"x" * 200),
        headers={"content-type": "application/dime"},
    ),
    soap(
        "binary XML",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"\x56\x02\x0b\x01\x73\x04\x0b\x01\x61\x06"),
        headers={"content-type": "application/soap+msbin1"},
    ),
    soap(
        "fast infoset",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"\xe0\0\0\1\0\x38\xcf"),
        headers={"content-type": "application/fastinfoset"},
    ),
    soap(
        "a form",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"a=1&b=2"),
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    soap(
        "JSON",
        "unsupported_media|malformed",
        WS + "Content Validation",
        whole(b"{}"),
        headers={"content-type": "application/json"},
    ),
    soap("no content type", "accepted", WS + "Content Validation", lambda good: good, headers={"content-type": ""}),
    soap(
        "a content type of 10,000 characters",
        "unsupported_media|malformed servicestack=accepted",
        WS + "Content Validation",
        lambda good: good,
        headers={"content-type": "x/" + "y" * 10_000},
    ),
]


ATTACKS = [*SECURED, *ARRAYS, *ATTACHED]
