"""The published documents of the MobileConnect API over ServiceStack: WSDL for both SOAP versions, and an XSD for each
namespace."""

from collections.abc import Callable, Mapping
from functools import cache, partial

from adapters.servicestack.errors import ERROR_RESPONSE
from gateway.settings import load
from schemas import mobileconnect
from wsdl.servicestack import SOAP_11, SOAP_12, Described, Version, describe, xsd_files


@cache
def _about() -> Described:
    api = mobileconnect.build(load(mobileconnect.SETTINGS))
    return Described(api.operations, (ERROR_RESPONSE,))


def _wsdl(version: Version, base_url: str) -> bytes:
    return describe(_about(), base_url, version)


def documents(base_url: str) -> Mapping[str, Callable[[], bytes]]:
    """What makes each file, by its name; ``base_url`` is the address that the WSDL files name."""
    return {
        "servicestack-soap11.wsdl": partial(_wsdl, SOAP_11, base_url),
        "servicestack-soap12.wsdl": partial(_wsdl, SOAP_12, base_url),
        **{name: partial(bytes, content) for name, content in xsd_files(_about()).items()},
    }
