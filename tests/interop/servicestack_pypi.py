"""Asks a running demo as users of the PyPI package ``servicestack`` do, with the types that the demo itself hands out.

usage: servicestack_pypi.py BASE_URL FOLDER; prints one JSON object, what each call gave.
"""

import importlib
import json
import sys
import urllib.request
from datetime import datetime
from pathlib import Path

DRIVER = "7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f"


def types_of(base, folder):
    with urllib.request.urlopen(f"{base}/types/python", timeout=10) as answer:
        Path(folder, "served_types.py").write_bytes(answer.read())
    sys.path.insert(0, folder)
    return importlib.import_module("served_types")


def rows(answer):
    return [
        [
            entry.user,
            entry.client_refer_uid,
            entry.session_start.replace(tzinfo=None).isoformat(),
            entry.session_end.replace(tzinfo=None).isoformat(),
            entry.user_refer_uid,
        ]
        for entry in answer.log_entries or []
    ]


def refusal(call):
    from servicestack import WebServiceException

    try:
        call()
    except WebServiceException as refused:
        status = refused.response_status
        return [refused.status_code, status.error_code if status else None]
    return None


def ask(client, types):
    request = types.UserClientSessionLogRequest
    device, driver = request(client_refer_uid="device-01", records_per_page=5), request(user_refer_uid=DRIVER)
    recent = request(started_after=datetime(2019, 1, 1), started_before=datetime(2020, 1, 1))
    page = client.send(request(records_per_page=1, page_request_index=1))
    client.send_all_oneway([device, driver])
    stranger = client.send(request(session_uid="11111111-2222-3333-4444-555555555555"))
    return {
        "all": rows(client.send(request(records_per_page=100))),
        "post": rows(client.send(device)),
        "get": rows(client.get(driver)),
        "started": [rows(client.send(recent)), rows(client.get(recent))],
        "page": [page.page_index, page.records_per_page, page.total_page_count > 1, len(page.log_entries)],
        "result": client.get(device).result.value,
        "batch": [rows(one) for one in client.send_all([device, driver])],
        "error": refusal(lambda: client.get(request(records_per_page="x"))),
        "stranger": [stranger.result.value, stranger.server_error_details.code.value],
    }


def main():
    from servicestack import JsonServiceClient

    base, folder = sys.argv[1:]
    types = types_of(base, folder)
    old = JsonServiceClient(base)
    old.set_base_path("")
    print(json.dumps({"api": ask(JsonServiceClient(base), types), "old": ask(old, types)}))


if __name__ == "__main__":
    main()
