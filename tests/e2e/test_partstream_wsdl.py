"""A SOAP toolkit that knows nothing but PartStream's WSDL logs in and out."""

from types import SimpleNamespace
from typing import Any

import pytest
import requests
import zeep

from tests.e2e.conftest import Server

pytestmark = pytest.mark.once

LOGIN, LOGOUT = "SWServiceLogin", "SWServiceLogout"


@pytest.fixture
def service(demo: Server) -> Any:
    session = requests.Session()
    session.trust_env = False
    return zeep.Client(f"{demo.url}/3dpartstream/xml?wsdl", transport=zeep.Transport(session=session)).service


def login(service: Any, password: str = "demo") -> SimpleNamespace:
    headers = {"header_interfacename": LOGIN}
    return service.SWServiceLogin(catalog="Parts", serviceuser="demo", password=password, _soapheaders=headers)


def logout(service: Any, sessionid: str) -> SimpleNamespace:
    return service.SWServiceLogout(_soapheaders={"header_interfacename": LOGOUT, "header_sessionid": sessionid})


def test_a_login_and_its_logout_succeed(service):
    opened = login(service).body
    assert (opened.returnval, opened.success, opened.faultcode) == ("Logged in", "Success", None)
    closed = logout(service, opened.sessionid)
    assert closed.header.header_interfacename == LOGIN
    assert (closed.body.sessionid, closed.body.returnval) == (opened.sessionid, "Logged out")
    assert (closed.body.success, closed.body.faultcode, closed.body.faultstring) == ("Success", None, None)


def test_a_wrong_password_is_an_ordinary_answer_with_a_fault_code(service):
    refused = login(service, "wrong").body
    assert (refused.success, refused.faultcode, refused.faultstring) == ("Failed", "1005", "Invalid service login")
    assert refused.sessionid is None


def test_a_logout_of_no_session_is_an_ordinary_answer_with_a_fault_code(service):
    refused = logout(service, "nope")
    assert refused.header.header_sessionid == "nope"
    assert (refused.body.faultcode, refused.body.faultstring) == ("1001", "Invalid session")
