#!/usr/bin/env python3
"""Replay recorded exchanges against a running gateway and print how many answers agree.

usage: replay_exchanges.py BASE_URL EXCHANGES.jsonl [-v] [--deviations FILE]

Compared: status, Content-Type (without parameters where the record has none) and, for answers that are not 2xx, the
reason phrase and the body (whole where the record is whole, else up to the first generated line). FILE lists
deviations that are meant, one `METHOD PATH` a line, `#` for the reason. Exit 0 when all others agree. Standard library
only.
"""

import http.client
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit


def ask(base, exchange):
    url = urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    body = exchange["body"].encode() if exchange["body"] is not None else None
    headers = dict(exchange["headers"])
    if body is not None and "Content-Type" not in headers:
        connection.putrequest(exchange["method"], exchange["path"], skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
    else:
        connection.request(
            exchange["method"],
            exchange["path"],
            body=body,
            headers=headers,
            encode_chunked="Transfer-Encoding" in headers,
        )
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, answer.reason, answer.getheader("Content-Type") or "", data


def differences(expect, status, reason, content_type, data):
    found = []
    if status != expect["status"]:
        found.append(f"status {status}, recorded {expect['status']}")
    wanted = (expect["content_type"] or "").lower()
    got = content_type.lower()
    if ";" not in wanted:
        got = got.split(";")[0].strip()
    if wanted and got.replace(" ", "") != wanted.replace(" ", ""):
        found.append(f"Content-Type {content_type!r}, recorded {expect['content_type']!r}")
    if expect["status"] >= 400:
        if reason != expect["reason"]:
            found.append(f"reason {reason!r}, recorded {expect['reason']!r}")
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        body = expect["body"]
        if "html" in wanted or not body:
            pass
        elif expect["complete"]:
            if text != body:
                found.append(f"body {text[:300]!r}, recorded {body[:300]!r}")
        elif not text.startswith(body.split("\\n")[0][:250]):
            found.append(f"body {text[:300]!r}, recorded start {body[:250]!r}")
    return found


def main():
    base, path = sys.argv[1:3]
    verbose = "-v" in sys.argv
    meant = set()
    if "--deviations" in sys.argv:
        text = Path(sys.argv[sys.argv.index("--deviations") + 1]).read_text(encoding="utf-8")
        meant = {line.split("#")[0].strip() for line in text.splitlines()}
    total = agreed = deviating = 0
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        exchange = json.loads(line)
        total += 1
        try:
            found = differences(exchange["expect"], *ask(base, exchange))
        except Exception as error:  # a dropped connection is a difference too
            found = [f"no answer: {error!r}"]
        if not found:
            agreed += 1
        elif f"{exchange['method']} {exchange['path']}" in meant:
            deviating += 1
        elif verbose:
            print(exchange["method"], exchange["path"], exchange["headers"], (exchange["body"] or "")[:80])
            for item in found:
                print("   ", item)
    print(f"{agreed} of {total} agree" + (f", {deviating} deviate on purpose" if deviating else ""))
    return 0 if agreed + deviating == total else 1


if __name__ == "__main__":
    sys.exit(main())
