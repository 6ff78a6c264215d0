"""What a soak's callers do, and what they note."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx

from benchmarks import traffic
from benchmarks.soak_server import RUN
from gateway import demo

_LOG = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions"
_JSON = {"Content-Type": "application/json"}
_SEARCH = quote(json.dumps({"filter": {"_device.id": {"eq": "device-01"}}, "limit": 10}))
FOLLOWERS, SLOW = 4, 4

READS: dict[str, Callable[[traffic.Keys], traffic.Request]] = {
    "log as XML": lambda keys: traffic.Request(
        "POST", "/xml/reply/UserClientSessionLogRequest", {"Content-Type": "application/xml"},
        f'<UserClientSessionLogRequest xmlns="{_LOG}"><RecordsPerPage xmlns="http://schemas.servicestack.net/types">20'
        "</RecordsPerPage></UserClientSessionLogRequest>",
    ),
    "log as JSON": lambda keys: traffic.Request(
        "POST", "/json/reply/UserClientSessionLogRequest", _JSON, '{"RecordsPerPage":20}'
    ),
    "log as JSV": lambda keys: traffic.Request("GET", "/jsv/reply/UserClientSessionLogRequest?RecordsPerPage=20", {}),
    "log as CSV": lambda keys: traffic.Request("GET", "/csv/reply/UserClientSessionLogRequest?RecordsPerPage=20", {}),
    "own sessions": lambda keys: traffic.Request("GET", "/v1/sessions?limit=20", _bearer(keys.own)),
    "own events": lambda keys: traffic.Request("GET", "/v1/events?limit=20", _bearer(keys.own)),
    "BioT search": lambda keys: traffic.Request(
        "GET", f"/device/v1/devices/usage-sessions?searchRequest={_SEARCH}", _bearer(keys.biot)
    ),
    "WSDL": lambda keys: traffic.Request("GET", "/3dpartstream/xml?wsdl", {}),
}  # fmt: skip
"""Reads that must be answered with 200."""

REFUSED: dict[str, tuple[traffic.Request, int, str]] = {
    "wrong key": (traffic.Request("GET", "/v1/sessions", {"Authorization": "Bearer wrong"}), 401, "unauthenticated"),
    "no JSON": (
        traffic.Request(
            "POST", "/sites/acme/api/userSession/post", {**_JSON, "Authorization": demo.ONTIME_KEY}, '{"UserID":'
        ),
        400,
        "Message",
    ),
    "DOCTYPE": (
        traffic.Request(
            "POST", "/3dpartstream/xml", {"Content-Type": "text/xml"},
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        ),
        200,
        "<faultcode>",
    ),
    "no such path": (traffic.Request("GET", "/nowhere", {}), 404, ""),
    "too large": (traffic.Request("POST", "/v1/events", _JSON, "x" * ((1 << 20) + 1)), 413, "too_large"),
    "levels": (traffic.Request("POST", "/v1/events", _JSON, "[" * 5000), 401, "unauthenticated"),
}  # fmt: skip
"""Requests that must be refused, with their status and a part of the answer; 429 is as good, for a wrong key."""


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Soak:
    """Callers, until :meth:`stop`; their answered writes, and what went wrong."""

    def __init__(self, url: str, keys: traffic.Keys) -> None:
        self.accepted: list[str] = []
        self.requests: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.followed = 0
        self._url, self._keys = url, keys
        self._seconds: dict[str, list[float]] = {}
        self._number = 0
        self._stopped = asyncio.Event()
        self._choice = random.Random(1)

    def stop(self) -> None:
        """Let every caller end."""
        self._stopped.set()

    def taken(self) -> dict[str, list[float]]:
        """Seconds of each answer since the last call, by kind."""
        found, self._seconds = self._seconds, {}
        return found

    def jobs(self, client: httpx.AsyncClient, rate: float) -> Iterator[Coroutine[Any, Any, None]]:
        """Everything that goes on at once."""
        yield self._steady(client, rate)
        for _ in range(FOLLOWERS):
            yield self._follow(client)
        for number in range(SLOW):
            yield self._slow(number)

    async def _steady(self, client: httpx.AsyncClient, rate: float) -> None:
        """Requests at a steady rate, whether or not the earlier ones are answered; at most 60 at a time."""
        room, running = asyncio.Semaphore(60), set()
        due = time.monotonic()
        while not self._stopped.is_set():
            due = max(due + 1 / rate, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await room.acquire()
            task = asyncio.create_task(self._any(client))
            running.add(task)
            task.add_done_callback(lambda done: (running.discard(done), room.release()))
        if running:
            await asyncio.wait(running, timeout=35)

    async def _any(self, client: httpx.AsyncClient) -> None:
        dice = self._choice.random()
        try:
            if dice < 0.70:
                await self._write(client)
            elif dice < 0.92:
                await self._read(client)
            else:
                await self._refused(client)
        except httpx.HTTPError as error:
            self.wrong[f"no answer: {error!r}"] += 1

    async def _write(self, client: httpx.AsyncClient) -> None:
        self._number += 1
        mark = traffic.mark(RUN, self._number)
        write = self._choice.choice(traffic.WRITES)
        answer = await self._send(client, write.name, write.ask(mark, self._keys))
        if write.accepted(answer.status_code, answer.text):
            self.accepted.append(traffic.kept_as(write, mark, answer.text))
        else:
            self.wrong[f"{write.name}: {answer.status_code} {answer.text[:200]}"] += 1

    async def _read(self, client: httpx.AsyncClient) -> None:
        name = self._choice.choice(list(READS))
        answer = await self._send(client, name, READS[name](self._keys))
        if answer.status_code != 200:
            self.wrong[f"{name}: {answer.status_code} {answer.text[:200]}"] += 1

    async def _refused(self, client: httpx.AsyncClient) -> None:
        name = self._choice.choice(list(REFUSED))
        request, status, text = REFUSED[name]
        answer = await self._send(client, "refused", request)
        met = answer.status_code == status and text in answer.text
        if not met and answer.status_code != 429:
            self.wrong[f"{name}: {answer.status_code} {answer.text[:200]}"] += 1

    async def _send(self, client: httpx.AsyncClient, name: str, asked: traffic.Request) -> httpx.Response:
        began = time.monotonic()
        answer = await client.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
        self._seconds.setdefault(name, []).append(time.monotonic() - began)
        self.requests[name] += 1
        return answer

    async def _follow(self, client: httpx.AsyncClient) -> None:
        """Follow new events, leave after a while, come again."""
        headers = {**_bearer(self._keys.own), "Accept": "text/event-stream"}
        while not self._stopped.is_set():
            until = time.monotonic() + self._choice.uniform(5, 30)
            after = max(0, len(self.accepted) - 50)
            with suppress(httpx.HTTPError):
                async with client.stream("GET", f"/v1/events?after={after}", headers=headers) as stream:
                    async for line in stream.aiter_lines():
                        self.followed += line.startswith("id:")
                        if time.monotonic() > until or self._stopped.is_set():
                            break

    async def _slow(self, number: int) -> None:
        """Send a request a byte at a time; some give up in the middle of it."""
        host, _, port = self._url.rpartition("//")[2].partition(":")
        while not self._stopped.is_set():
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(host, int(port))
                for byte in b"GET /v1/sessions?limit=5 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer demo\r\n\r\n":
                    if self._stopped.is_set() or (number % 2 and self._choice.random() < 0.02):
                        break
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.05)
                else:
                    await reader.read(1000)
                writer.close()
            await asyncio.sleep(0.1)
