# Sealed: an update replaces this file.
"""Feature flags: set by command, read from a cache, harmless without a database."""

import importlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import select

from ..conftest import PACKAGE, PREFIX, Settings, UnitOfWork, audit, create_app, errors

pytestmark = pytest.mark.anyio
module: Any = importlib.import_module(f"{PACKAGE}.chassis.flags")

Switch = Callable[..., Awaitable[None]]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def switch(app: FastAPI) -> Switch:
    """`switch("new", 10)`: on for ten percent."""

    async def switch(name: str, percent: int = 100, *, enabled: bool = True) -> None:
        flag = module.Flag(name, enabled, percent)
        await module.change(UnitOfWork(app.state.database), flag, by="alice")

    return switch


@pytest.fixture
def run(settings: Settings, app: FastAPI) -> Run:  # noqa: ARG001 - whose tables are emptied
    """The command, on the database of the application."""

    def run(*arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
        database = url or settings.database_url.get_secret_value()
        return subprocess.run(
            [sys.executable, "-m", PACKAGE, "flags", *arguments],
            env={f"{PREFIX}DATABASE_URL": database},
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def flags(app: FastAPI) -> Any:
    """The flags of a process that has just started and remembers for ten seconds."""
    return module.FeatureFlags(app.state.database, cache_seconds=10, clock=Clock())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Away:
    """A database that does not answer; counts who asks."""

    asked = 0

    async def rows(self, _: object) -> Sequence[object]:
        self.asked += 1
        raise errors.UnavailableError


async def share(flags: Any, name: str) -> set[int]:
    return {n for n in range(1000) if await flags.enabled(name, subject=f"customer-{n}")}


async def test_a_flag_that_nobody_set_is_off(flags: Any) -> None:
    assert not await flags.enabled("unknown", subject="alice")


async def test_a_flag_is_on_or_off_for_everybody(switch: Switch, flags: Any) -> None:
    await switch("new")
    await switch("old", enabled=False)

    assert await flags.enabled("new")
    assert await flags.enabled("new", subject="alice")
    assert not await flags.enabled("old", subject="alice")


async def test_a_share_grows_and_nobody_loses_the_feature(switch: Switch, flags: Any) -> None:
    shares = []
    for percent in (0, 10, 50, 100):
        await switch("new", percent)
        flags._clock.now += 10
        shares.append(await share(flags, "new"))

    none, few, half, everybody = shares
    assert none < few < half < everybody
    assert 60 < len(few) < 140
    assert 430 < len(half) < 570
    assert len(everybody) == 1000


async def test_shares_of_two_flags_are_not_the_same_customers(switch: Switch, flags: Any) -> None:
    await switch("one", 50)
    await switch("two", 50)

    assert 150 < len(await share(flags, "one") & await share(flags, "two")) < 350


async def test_a_share_of_nobody_in_particular_is_off(switch: Switch, flags: Any) -> None:
    await switch("new", 99)

    assert not await flags.enabled("new")


async def test_a_change_is_seen_when_the_time_of_the_cache_is_over(
    switch: Switch, flags: Any
) -> None:
    before = await flags.enabled("new")
    await switch("new")
    flags._clock.now += 9
    meanwhile = await flags.enabled("new")
    flags._clock.now += 1

    assert (before, meanwhile, await flags.enabled("new")) == (False, False, True)


async def test_without_the_database_the_last_known_value_counts(switch: Switch, flags: Any) -> None:
    await switch("new")
    await flags.enabled("new")
    flags._database = away = Away()
    flags._clock.now += 10

    known = [await flags.enabled("new"), await flags.enabled("new")]

    assert known == [True, True]
    assert not await flags.enabled("never-read")
    assert away.asked == 1


@pytest.mark.parametrize("name", ["New", "1st", "x" * 65, "a b", "", "a\n"])
async def test_a_name_that_is_none_is_refused(switch: Switch, name: str) -> None:
    with pytest.raises(errors.RejectedError, match="a flag is called"):
        await switch(name)


async def test_a_route_asks_for_them(settings: Settings, switch: Switch) -> None:
    other = create_app(settings)

    @other.get("/flagged")
    async def flagged(flags: module.Flags) -> bool:
        enabled: bool = await flags.enabled("new")
        return enabled

    await switch("new")
    transport = ASGITransport(other)
    async with (
        other.state.database.opened(),
        AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        assert (await client.get("/flagged")).json() is True


async def test_changes_by_command_are_in_the_audit_log(run: Run, app: FastAPI) -> None:
    run("set", "new", "on", "--by", "bob")
    run("set", "new", "5")

    entries = select(audit.AuditRow.__table__).order_by(audit.AuditRow.id)

    first, second = await app.state.database.rows(entries)
    assert (first["actor"], first["entity_id"], first["before"]) == ("bob", "new", None)
    assert second["before"] == {"enabled": True, "percent": 100}
    assert second["after"] == {"enabled": True, "percent": 5}


async def test_the_command_lists_them(run: Run) -> None:
    run("set", "old", "off", "--by", "bob")
    run("set", "new", "5", "--by", "bob")

    lines = run("list").stdout.splitlines()

    assert [line.split()[:2] for line in lines] == [["new", "5"], ["old", "off"]]
    assert all(line.endswith(" by bob") for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "code"), [("a", "101", 2), ("a", "1.5", 2), ("A", "1", 1)]
)
async def test_the_command_refuses_what_cannot_be(
    run: Run, name: str, value: str, code: int
) -> None:
    refused = run("set", name, value)

    assert refused.returncode == code
    assert "error: " in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_a_database_that_is_away_is_told_as_such(run: Run) -> None:
    refused = run("list", url="postgresql://nobody@127.0.0.1:1/nothing")

    assert refused.returncode == 1
    assert "error: the database does not answer" in refused.stderr
