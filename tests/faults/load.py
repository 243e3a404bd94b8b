"""Clients that never pause, each on a connection that it keeps."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .service import Answer, Service


class Load:
    """Half of the clients read, half write; `answers` holds when, what and the answer."""

    def __init__(self, service: Service, *, clients: int = 8) -> None:
        token = service.token()
        self.answers: list[tuple[float, str, Answer]] = []
        self.broken: list[Exception] = []
        self._stop = threading.Event()
        self._clients = [service.client(token) for _ in range(clients)]
        self._threads = [
            threading.Thread(target=self._work, args=(number,)) for number in range(clients)
        ]

    def _work(self, number: int) -> None:
        client = self._clients[number]
        method = "POST" if number % 2 else "GET"
        act: Callable[[], Answer] = (
            client.place if number % 2 else lambda: client.get("/orders")
        )
        while not self._stop.is_set():
            try:
                answer = act()
            except Exception as error:  # noqa: BLE001 - that a request broke is the finding
                self.broken.append(error)
            else:
                self.answers.append((time.monotonic(), method, answer))

    @property
    def connects(self) -> int:
        return sum(client.connects for client in self._clients)

    @property
    def acknowledged(self) -> set[str]:
        """The orders that the service said it has placed."""
        return {answer.json()["id"] for _, _, answer in self.answers if answer.status == 201}

    def since(self, moment: float) -> list[tuple[float, str, Answer]]:
        return [entry for entry in self.answers if entry[0] >= moment]

    def stop(self) -> None:
        """Let every client finish the request that it is in, and no other."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    @contextmanager
    def running(self) -> Iterator["Load"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self.stop()
