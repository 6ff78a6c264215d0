"""SOAP tools that know nothing but the WSDL that is served."""

import pytest
import zeep
from suds.client import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

TYPES = "http://schemas.servicestack.net/types"
BINDINGS = {"soap11": "BasicHttpBinding_ISyncReply", "soap12": "WSHttpBinding_ISyncReply"}
DRIVER = "7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f"
VEHICLE = "0c5c9d3e-58c4-4f3e-8f5b-6a1f0f6f1b2a"
STRANGER = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(params=BINDINGS)
def zeep_service(request, base):
    transport = Transport()
    transport.session.trust_env = False
    client = zeep.Client(f"{base}/{request.param}", transport=transport)
    yield client.create_service(f"{{{TYPES}}}{BINDINGS[request.param]}", f"{base}/{request.param}")
    transport.session.close()


@pytest.fixture(scope="module")
def suds_client(base):
    return Client(f"{base}/soap11", cache=None)


def entries(answer):
    found = answer.LogEntries.UserClientSessionLog
    return [(one.User, one.ClientReferUid, one.SessionStart.isoformat(), one.UserReferUid) for one in found]


def check(service):
    device = service.UserClientSessionLogRequest(ClientReferUid="device-01", RecordsPerPage=5)
    assert device.Result == "Success"
    [entry] = device.LogEntries.UserClientSessionLog
    assert (entry.ClientReferUid, entry.SessionEnd.isoformat()) == ("device-01", "2007-12-20T10:15:30+00:00")
    driver = service.UserClientSessionLogRequest(UserReferUid=DRIVER)
    assert entries(driver) == [(DRIVER, VEHICLE, "2019-10-01T08:00:00+00:00", DRIVER)]
    assert "larry@newmedia.com" in [row[0] for row in entries(service.UserClientSessionLogRequest())]
    refused = service.UserClientSessionLogRequest(SessionUid=STRANGER)
    assert (refused.Result, refused.ServerErrorDetails.Code) == ("Failure", "ClientDataSubmissionFailure")


def test_zeep_reads_the_log_and_what_was_refused(zeep_service):
    check(zeep_service)


def test_suds_reads_the_log_and_what_was_refused(suds_client):
    check(suds_client.service)


def test_zeep_is_told_of_a_request_that_cannot_be_read(zeep_service):
    with pytest.raises((Fault, zeep.exceptions.TransportError)):
        zeep_service.UserClientSessionLogRequest(RecordsPerPage="x")


def test_suds_is_told_of_a_request_that_cannot_be_read(suds_client):
    with pytest.raises(Exception, match="500"):
        suds_client.service.UserClientSessionLogRequest(RecordsPerPage="x")


def test_suds_writes_over_servicestack_what_was_published_over_another_protocol(suds_client):
    key = {"Id": "170200123", "Key": "467512342123"}
    ended = {"Email": "suds@newmedia.com", "CurrentDate": "2025-12-06 09:00:00", "Index": "285"}
    assert suds_client.service.SessionEnd(Authentication=key, Request=ended).Code == "00"
    users = [row[0] for row in entries(suds_client.service.UserClientSessionLogRequest())]
    assert "suds@newmedia.com" in users
    wrong = suds_client.service.SessionEnd(Authentication={**key, "Key": "1"}, Request=ended)
    assert wrong.Code != "00"
