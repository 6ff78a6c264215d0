"""Asks a running demo as users of the PyPI package ``servicestack`` do, with the types that the demo itself hands out.

usage: servicestack_pypi.py BASE_URL FOLDER; prints one JSON object, what each call gave.
"""

import importlib
import json
import sys
import urllib.request
from pathlib import Path


def types_of(base, folder):
    with urllib.request.urlopen(f"{base}/types/python", timeout=10) as answer:
        Path(folder, "served_types.py").write_bytes(answer.read())
    sys.path.insert(0, folder)
    return importlib.import_module("served_types")


def ask(client, types):
    from servicestack import WebServiceException

    request = types.UserClientSessionLogRequest
    sent = client.send(request(client_refer_uid="device-01", records_per_page=5))
    read = client.get(request(client_refer_uid="device-01"))
    batch = client.send_all([request(client_refer_uid="device-01"), request(client_refer_uid="nobody")])
    try:
        client.get(request(records_per_page="x"))
        error = None
    except WebServiceException as refused:
        status = refused.response_status
        error = [refused.status_code, status.error_code if status else None]
    return {
        "post": [sent.total_page_count, sent.log_entries[0].client_refer_uid],
        "started": sent.log_entries[0].session_start.isoformat(),
        "get": [read.total_page_count, str(read.result.value)],
        "batch": [len(one.log_entries or []) for one in batch],
        "error": error,
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
