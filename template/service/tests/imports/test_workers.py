"""Imports in several processes: one dies, one stops, a file is broken."""

import time
from uuid import uuid4

import pytest

from ..conftest import UnitOfWork
from .conftest import Workers, until, use_cases, write

pytestmark = pytest.mark.anyio

ROWS = 4000


async def test_a_worker_that_is_killed_leaves_its_import_to_another_which_goes_on(
    workers: Workers,
) -> None:
    both = [workers.start() for _ in range(2)]
    write(workers.folder / "teas.csv", range(ROWS))
    both[0].run("imports", "request", "teas.csv")
    await until(workers.under_way)

    owner = (await workers.job())["owner"]
    (victim,) = [live for live in both if f":{live.pid}:" in owner]
    victim.kill()
    killed = time.monotonic()
    read = (await workers.imported())[0]["lines"]
    await until(lambda: _attempt(workers, 3))
    taken_over = time.monotonic() - killed
    await until(workers.ended)

    (found,) = await workers.imported()
    assert 0 < read < ROWS
    assert taken_over < 4  # two seconds of silence, then the pause and a look
    assert (found["state"], found["accepted"], found["rejected"]) == ("finished", ROWS, 0)
    assert await workers.each_row_once(ROWS)


async def test_a_worker_that_is_stopped_gives_its_import_back_at_once(workers: Workers) -> None:
    first = workers.start(shutdown_seconds="1", jobs_visibility_seconds="60")
    write(workers.folder / "teas.csv", range(3 * ROWS))
    first.run("imports", "request", "teas.csv")
    await until(workers.under_way)

    first.stop()
    job = await workers.job()
    workers.start(imports_chunk_rows="1000", jobs_visibility_seconds="60")
    began = time.monotonic()
    await until(workers.ended)

    assert (job["state"], job["failures"], job["owner"]) == ("waiting", 0, None)
    assert time.monotonic() - began < 20
    assert await workers.each_row_once(3 * ROWS)
    assert "Traceback" not in first.log.read_text()


async def test_a_worker_that_is_stopped_finishes_what_it_can(workers: Workers) -> None:
    live = workers.start()
    write(workers.folder / "teas.csv", range(ROWS // 4))
    live.run("imports", "request", "teas.csv")
    await until(workers.under_way)

    live.stop()

    assert (await workers.imported())[0]["state"] == "finished"


async def test_a_broken_file_is_replayed_after_its_repair(workers: Workers) -> None:
    live = workers.start()
    write(workers.folder / "teas.csv", range(50), more='TEA-50,"never closed,1\n')
    live.run("imports", "request", "teas.csv")
    await until(workers.ended)
    dead = live.run("jobs", "list", "--state", "dead").stdout

    write(workers.folder / "teas.csv", range(50), more="TEA-50,Closed,1\n")
    live.run("jobs", "replay", "--all")
    await until(lambda: _finished(workers))

    assert "it is not CSV" in dead
    (found,) = await workers.imported()
    assert (found["accepted"], found["rejected"], found["reason"]) == (51, 0, None)


async def test_a_file_that_comes_unasked_is_imported_by_one_of_them(workers: Workers) -> None:
    for _ in range(2):
        workers.start(imports_scan_seconds="1")
    write(workers.folder / "incoming" / "teas.csv", range(100))

    await until(workers.ended)

    scans = await workers.rows("SELECT unique_key FROM chassis_jobs WHERE name = 'scan_folder'")
    assert len({row["unique_key"] for row in scans}) == len(scans) >= 2
    assert await workers.each_row_once(100)


async def test_no_more_files_are_read_at_once_than_may_be(workers: Workers) -> None:
    for _ in range(2):
        workers.start(imports_at_once="1")
    for name in ("one.csv", "two.csv", "three.csv"):
        write(workers.folder / name, range(1000))
        await use_cases.ask(UnitOfWork(workers.database), import_id=uuid4(), file=name)

    most = 0
    running = "SELECT count(*) AS number FROM chassis_jobs"
    running += " WHERE name = 'import_file' AND state = 'running'"
    while not await workers.ended(3):
        most = max(most, (await workers.rows(running))[0]["number"])

    assert most == 1


async def test_progress_is_told_line_by_line_without_a_terminal(workers: Workers) -> None:
    live = workers.start()
    write(workers.folder / "teas.csv", range(ROWS))
    live.run("imports", "request", "teas.csv")

    told = live.run("imports", "progress")
    listed = live.run("imports", "list")

    assert (told.returncode, told.stderr) == (0, "")
    assert "1 running, 0 waiting, 0 dead; teas.csv " in told.stdout
    assert f"/{ROWS}\n" in told.stdout
    assert told.stdout.splitlines()[-1] == "0 running, 0 waiting, 0 dead"
    assert f"{ROWS} accepted, 0 rejected" in listed.stdout


async def test_a_file_that_is_not_there_cannot_be_asked_for(workers: Workers) -> None:
    refused = workers.start().run("imports", "request", "nothing.csv")

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: there is no `nothing.csv` in ")


async def _attempt(workers: Workers, number: int) -> bool:
    return bool((await workers.job())["attempt"] >= number)


async def _finished(workers: Workers) -> bool:
    return bool((await workers.imported())[0]["state"] == "finished")
