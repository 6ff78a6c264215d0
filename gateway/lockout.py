"""Who failed too often must wait: per credential and address, with a delay that grows up to a cap.

Nobody can lock out a client that cannot change:

- failures count at the address they came from; a credential is never locked for another address;
- what fails again and again with the *same* secret (a client with an old password) is refused for that secret alone: a
  repetition tells a guesser nothing. Only different secrets under one name lock the name, for that address;
- a key or a token is looked up first: the right one is always let in. A guess at 128 bits needs no stopping; a flood of
  them is only answered with this fault instead of another one;
- an address from which many different passwords failed must wait before another password *is checked*; those that were
  checked before go on.

Everything is kept in the memory of one worker, bounded, and forgotten after a quiet while. A caller without an address
(an untrusted Unix socket) is not held: all of them would be one.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Network, ip_address
from typing import TypeAlias

from gateway.outcome import Fault, FaultKind
from gateway.settings import Setting, Settings

SETTINGS = (
    Setting(
        "lockout.failures", 10, "Failed attempts, per credential and address, before a caller must wait; 0: never."
    ),
    Setting("lockout.first_seconds", 1.0, "Seconds of the first wait; each further failure doubles it."),
    Setting("lockout.max_seconds", 300.0, "Seconds of the longest wait; after as long a quiet time all is forgotten."),
    Setting(
        "lockout.address_failures",
        100,
        "Different passwords that may fail at one address before no further one is checked for it; 0: any number.",
    ),
    Setting("lockout.memory", 10_000, "Credentials, secrets and addresses (each) whose failures a worker remembers."),
)

Key: TypeAlias = tuple[str, ...]
_LONG = 128


@dataclass(slots=True)
class _Count:
    failures: int
    last: float
    until: float


class Tally:
    """Failures by key, and until when each key must wait. At most ``memory`` keys; the quietest is forgotten first."""

    def __init__(self, failures: int, first: float, cap: float, memory: int) -> None:
        self._allowed, self._first, self._cap, self._memory = failures, first, cap, max(1, memory)
        self.held: OrderedDict[Key, _Count] = OrderedDict()

    def left(self, key: Key, now: float) -> float:
        """Seconds that the key must wait, 0 when it need not."""
        found = self.held.get(key)
        return max(0.0, found.until - now) if found is not None else 0.0

    def add(self, key: Key, now: float) -> int:
        """Count a failure. Gives their number."""
        found = self.held.get(key)
        if found is None or now - max(found.last, found.until) > self._cap:
            found = self.held[key] = _Count(0, now, 0.0)
        found.failures += 1
        found.last = now
        self.held.move_to_end(key)
        if self._allowed and found.failures >= self._allowed:
            found.until = now + min(self._cap, self._first * 2.0 ** min(found.failures - self._allowed, 60))
        self._forget(now)
        return found.failures

    def _forget(self, now: float) -> None:
        while self.held:
            key, oldest = next(iter(self.held.items()))
            if len(self.held) <= self._memory and now - max(oldest.last, oldest.until) <= self._cap:
                return
            del self.held[key]


class Lockout:
    """The failures that one worker has seen. ``clock`` gives seconds that never go back."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        first, cap = float(settings["lockout.first_seconds"]), float(settings["lockout.max_seconds"])
        failures, memory = int(settings["lockout.failures"]), int(settings["lockout.memory"])
        self._secrets = Tally(failures, first, cap, memory)
        self._names = Tally(failures, first, cap, memory)
        self._addresses = Tally(int(settings["lockout.address_failures"]), first, cap, memory)
        self._clock = clock
        self._lock = threading.Lock()
        self.held = self._names.held
        """Empty while nobody has failed: then nothing needs to be asked of a caller whose secret is known."""

    def check(self, api: str, name: str, client: str) -> None:
        """Raise a Fault while this name must wait at this address, whatever the secret."""
        self._stop(self._names.left((api, _short(name), place(client)), self._clock()), "lockout.failures")

    def check_secret(self, api: str, name: str, secret: str, client: str) -> None:
        """The same for one secret, told by its digest, that is not known to be right."""
        now, where = self._clock(), place(client)
        self._stop(self._names.left((api, _short(name), where), now), "lockout.failures")
        self._stop(self._secrets.left((api, _short(name), where, secret), now), "lockout.failures")

    def check_address(self, client: str) -> None:
        """Raise a Fault while no password is checked for this address."""
        self._stop(self._addresses.left((place(client),), self._clock()), "lockout.address_failures")

    def failed(self, api: str, name: str, secret: str, client: str, *, slow: bool = False) -> None:
        """Count a failure; ``secret`` is its digest, ``slow`` says that it was a password."""
        if not (where := place(client)):
            return
        now, key = self._clock(), (api, _short(name), where)
        with self._lock:
            if self._secrets.add((*key, secret), now) > 1:
                return
            self._names.add(key, now)
            if slow:
                self._addresses.add((where,), now)

    def _stop(self, seconds: float, setting: str) -> None:
        if seconds > 0:
            wait = math.ceil(seconds)
            text = f"Too many failed attempts. Try again after {wait} s."
            raise Fault(FaultKind.LOCKED_OUT, text, log=f"setting: {setting}", retry_after=wait)


@lru_cache(4096)
def place(client: str) -> str:
    """What counts as one address: an IPv4 address, or the network of 64 bits that one IPv6 customer has."""
    if ":" not in client:
        return client
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or IPv6Network((int(address) >> 64 << 64, 64)))


def _short(name: str) -> str:
    """A name as it is kept: nobody fills the memory with long ones."""
    return name if len(name) <= _LONG else f"{name[:_LONG]} {hash(name)}"
