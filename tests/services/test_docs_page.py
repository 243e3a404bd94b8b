"""The API's own page comes up in a browser that can reach nothing but the service."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.processes import Boot
from tests.support.rendering import Service
from tests.support.servers import unavailable


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium")
    if found is None:
        unavailable("no `chromium` is on the `PATH`")
    return found


def test_page_is_drawn_without_any_other_host(
    browser: str, boot: Boot, service: Service, tmp_path: Path
) -> None:
    running = boot(service)

    drawn = _draw(browser, f"{running.url}/docs", tmp_path)

    assert "opblock-summary-path" in drawn
    assert "/orders" in drawn
    assert _foreign_hosts(tmp_path / "net.json", running.url) == set()


def _draw(browser: str, url: str, folder: Path) -> str:
    """The document after its scripts have run; names resolve nowhere."""
    ran = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}",
            "--virtual-time-budget=20000", "--dump-dom", url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    return ran.stdout


def _foreign_hosts(log: Path, own: str) -> set[str | None]:
    """Hosts that the page, not the browser on its own account, asked for something."""
    asked = []
    for event in json.loads(log.read_text(encoding="utf-8"))["events"]:
        about = event.get("params", {})
        if about.get("url", "").startswith("http") and about.get("initiator") == own:
            asked.append(about["url"])
    assert asked, "the browser's log shows no request of the page"
    return {urlsplit(url).hostname for url in asked} - {"127.0.0.1"}
