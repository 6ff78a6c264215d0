"""Asks a running demo as a SOAP tool does that knows nothing but the WSDL. usage: servicestack_zeep.py BASE_URL"""

import json
import sys

import zeep

BINDINGS = {"soap11": "BasicHttpBinding_ISyncReply", "soap12": "WSHttpBinding_ISyncReply"}


def ask(base, path, binding):
    client = zeep.Client(f"{base}/{path}")
    service = client.create_service(f"{{http://schemas.servicestack.net/types}}{binding}", f"{base}/{path}")
    answer = service.UserClientSessionLogRequest(ClientReferUid="device-01", RecordsPerPage=5)
    return [answer.Result, answer.LogEntries.UserClientSessionLog[0].ClientReferUid]


print(json.dumps({path: ask(sys.argv[1], path, binding) for path, binding in BINDINGS.items()}))
