"""The process: starts, answers, logs, stops."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2

from .conftest import PROBE, PROBE_STATUS, Live, credentials


def test_every_line_of_the_log_is_json_of_one_shape(live: Live) -> None:
    known = credentials(live)
    httpx2.get(live.url + PROBE, headers=known)

    lines = [json.loads(line) for line in live.log.read_text().splitlines()]
    for line in lines:
        assert {"event", "level", "timestamp", "service"} <= line.keys()
    for secret in known.values():
        assert secret.split()[1] not in live.log.read_text()


def test_requests_are_answered_while_the_service_stops(launch: Callable[..., Live]) -> None:
    live = launch(drain_seconds="3")
    known = credentials(live)
    working, stopping = threading.Event(), threading.Event()
    ready: list[int] = []
    answered: list[int] = []

    def watch() -> None:
        with suppress(httpx2.TransportError):
            while True:
                ready.append(httpx2.get(f"{live.url}/readyz").status_code)
                if ready[-1] == 503:
                    stopping.set()

    def work() -> None:
        while not stopping.is_set():
            answered.append(httpx2.get(live.url + PROBE, headers=known).status_code)
            working.set()

    with ThreadPoolExecutor() as threads:
        running = [threads.submit(watch), *(threads.submit(work) for _ in range(4))]
        working.wait()
        live.stop()
        for each in running:
            each.result()

    assert ready[-1] == 503
    assert set(answered) == {PROBE_STATUS}
    assert "Traceback" not in live.log.read_text()
