# Sealed: an update replaces this file.
"""The commands `events` and `deadletters`, as operators type them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI

from ...conftest import PACKAGE, PREFIX, Settings, events
from .sample import SampleFailed, Trouble, done, until

pytestmark = pytest.mark.anyio
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    """In a folder of its own, beside the running service."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        urls = {
            f"{PREFIX}DATABASE_URL": settings.database_url.get_secret_value(),
            f"{PREFIX}BUS_URL": settings.bus_url.get_secret_value(),
        }
        command = [sys.executable, "-m", PACKAGE, *arguments]
        return subprocess.run(command, env=urls, cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.fixture
async def letter(app: FastAPI) -> str:
    """The id of an event that was given up, though it would go well by now."""
    Trouble.failed = 0
    async with events.UnitOfWork(app.state.database) as unit:
        unit.emit(SampleFailed(sample_id=uuid4(), how="rejected", times=3))

    async def given_up() -> bool:
        return bool(await events.dead_letters.list_(app.state.database))

    await until(given_up)
    [row] = await events.dead_letters.list_(app.state.database)
    return str(row["id"])


def test_schemas_are_written_once_and_checked(run: Run) -> None:
    before = run("events", "check")
    written = run("events", "schemas", "--write")
    after = run("events", "check")

    assert (before.returncode, written.returncode, after.returncode) == (1, 0, 0)
    assert "it is not written down yet" in before.stderr
    assert "events schemas --write" in before.stderr
    assert written.stdout.startswith("wrote schemas/events/")


def test_a_broken_promise_is_told_with_its_way_out(run: Run, tmp_path: Path) -> None:
    run("events", "schemas", "--write")
    file = next((tmp_path / "schemas").rglob("*.json"))
    schema = json.loads(file.read_text())
    schema["properties"] = {name: {"type": "null"} for name in schema["properties"]}
    file.write_text(json.dumps(schema))

    checked = run("events", "check")
    written = run("events", "schemas", "--write")

    assert (checked.returncode, written.returncode) == (1, 1)
    assert "null" in checked.stderr
    assert "the next `version`" in checked.stderr
    assert json.loads(file.read_text()) == schema


def test_the_asyncapi_document_is_printed(run: Run) -> None:
    printed = run("events", "asyncapi")

    document = json.loads(printed.stdout)
    assert document["asyncapi"] == "3.0.0"
    assert document["info"]["title"] == Settings.service


def test_what_is_no_event_is_not_sent(run: Run) -> None:
    known = run("events", "list").stdout.split()[0]

    unknown = run("events", "send", "nothing.Happened.v1", "{}")
    empty = run("events", "send", known, "{}")
    garbled = run("events", "send", known, "{")

    assert {each.returncode for each in (unknown, empty, garbled)} == {1}
    assert "there is no event `nothing.Happened.v1`" in unknown.stderr
    assert f"the data of `{known}` are wrong at" in empty.stderr
    assert "Traceback" not in garbled.stderr


async def test_a_dead_letter_is_shown_and_replayed(app: FastAPI, run: Run, letter: str) -> None:
    listed = run("deadletters", "list")
    shown = run("deadletters", "show", letter)
    replayed = run("deadletters", "replay", letter)

    async def handled() -> bool:
        return bool(await done(app))

    await until(handled)
    assert "it cannot be done (3 attempts)" in listed.stdout
    assert '"type": "samples.SampleFailed.v1"' in shown.stdout
    assert replayed.stdout == "1 will be tried again by the service\n"
    assert await events.dead_letters.list_(app.state.database) == []


async def test_all_dead_letters_are_replayed_at_once(app: FastAPI, run: Run, letter: str) -> None:
    replayed = run("deadletters", "replay", "all")

    async def handled() -> bool:
        return bool(await done(app))

    await until(handled)
    assert letter
    assert replayed.returncode == 0


async def test_a_dead_letter_is_dropped(app: FastAPI, run: Run, letter: str) -> None:
    dropped = run("deadletters", "drop", letter)
    shown = run("deadletters", "show", letter)
    again = run("deadletters", "replay", letter)

    assert [each.returncode for each in (dropped, shown, again)] == [0, 1, 1]
    assert "there is no such dead letter" in shown.stderr
    assert await events.dead_letters.list_(app.state.database) == []
