"""The commands `keys …`, as processes."""

import httpx2
import pytest

from ...conftest import Live
from .conftest import callers


def ask(live: Live, key: str) -> httpx2.Response:
    return httpx2.get(f"{live.url}/screens/home", headers={callers.HEADER: key.strip()})


def test_a_key_is_made_used_listed_and_revoked(live: Live) -> None:
    key = live.run("keys", "create", "till 7", "--partner", "acme", "--quota", "5/minute").stdout
    answer = ask(live, key)
    listed = live.run("keys", "list").stdout
    revoked = live.run("keys", "revoke", key.split("_")[1])
    after = ask(live, key)

    assert (answer.status_code, answer.headers["ratelimit-policy"]) == (200, '"key";q=5;w=60')
    assert key.split("_")[1] in listed
    assert "till 7" in listed
    assert key.strip().split("_")[2] not in listed
    assert (revoked.returncode, after.status_code) == (0, 401)
    assert "revoked" in live.run("keys", "list").stdout
    assert key.strip() not in live.log.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["create", "x", "--quota", "many"], 2, "is not like `1000/hour`"),
        (["create", "x", "--scope", "everything"], 2, "a key can allow"),
        (["create", "x", "--partner", "no such name"], 1, "visible ASCII"),
        (["revoke", "0123"], 1, "`keys list` shows all"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    live: Live, arguments: list[str], code: int, told: str
) -> None:
    refused = live.run("keys", *arguments)

    assert (refused.returncode, told in refused.stderr) == (code, True)
    assert "Traceback" not in refused.stderr
