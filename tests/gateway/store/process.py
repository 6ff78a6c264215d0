"""Another process that writes to a store, for tests of what a single process cannot show.

``acknowledge PATH``: write one after another for ever, and print each event's id once it is acknowledged.
``same PATH COUNT THREADS``: wait for a line, then write the same COUNT commands from each of THREADS threads at once.
``full PATH BYTES``: no file may grow beyond BYTES: write until refused, then lift that, and write again when ready.
"""

import resource
import sys
import threading
import time

from store_kit import opened, upserted, work

from gateway.outcome import Fault
from gateway.store import open_store


def acknowledge(path):
    store = open_store(path)
    while True:
        print(store.submit(work(opened())).result().event.id, flush=True)


def same(path, count, threads):
    print("ready", flush=True)
    sys.stdin.readline()
    store = open_store(path)
    counts = []

    def send():
        works = [work(upserted(str(number), mode="a")) for number in range(int(count))]
        counts.append(sum(not store.submit(one).result().repeated for one in works))

    senders = [threading.Thread(target=send) for _ in range(int(threads))]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    store.close()
    print(sum(counts), flush=True)


def full(path, size):
    store = open_store(path)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), most))
    written = 0
    try:
        while True:
            store.submit(work(opened(attributes={"x": "y" * 5000}))).result()
            written += 1
    except Fault as fault:
        print(written, fault.kind, store.ready() is not None, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    while store.ready() is not None:
        time.sleep(0.05)
    print(store.submit(work(opened())).result().event.position, flush=True)
    store.close()


if __name__ == "__main__":
    {"acknowledge": acknowledge, "same": same, "full": full}[sys.argv[1]](*sys.argv[2:])
