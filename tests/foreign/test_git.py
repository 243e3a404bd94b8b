"""Where templates lie, and what is said when they cannot be had."""

import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from front_door import Command, listing
from msgen.errors import UserError
from msgen.foreign_address import parse
from msgen.foreign_fetch import without_secret

from tests.foreign.conftest import Made
from tests.foreign.templates import CLASSIC, Template


@pytest.mark.parametrize(
    ("text", "place", "recorded", "ref"),
    [
        ("https://h.test/t.git", "https://h.test/t.git", "https://h.test/t.git", None),
        ("https://h.test/t.git@v1", "https://h.test/t.git", "https://h.test/t.git", "v1"),
        ("https://h.test/t@feature/x", "https://h.test/t", "git+https://h.test/t",
         "feature/x"),
        ("https://h.test/@team/t", "https://h.test/@team/t",
         "git+https://h.test/@team/t", None),
        ("https://me:pw@h.test/t.git@v1", "https://me:pw@h.test/t.git",
         "https://h.test/t.git", "v1"),
        ("https://token@h.test/t.git", "https://token@h.test/t.git",
         "https://h.test/t.git", None),
        ("ssh://git:pw@h.test/t.git", "ssh://git:pw@h.test/t.git",
         "ssh://git@h.test/t.git", None),
        ("git+https://h.test/t@v1", "https://h.test/t", "git+https://h.test/t", "v1"),
        ("git@h.test:team/t.git", "git@h.test:team/t.git", "git@h.test:team/t.git", None),
        ("git@h.test:team/t.git@v1", "git@h.test:team/t.git", "git@h.test:team/t.git",
         "v1"),
        ("gh:acme/t@v1", "https://github.com/acme/t.git", "gh:acme/t", "v1"),
    ],
)  # fmt: skip
def test_urls_are_read_with_their_reference(
    text: str, place: str, recorded: str, ref: str | None, tmp_path: Path
) -> None:
    address = parse(text, tmp_path)

    assert (address.place, address.recorded, address.ref) == (place, recorded, ref)


def test_a_path_with_an_at_sign_is_a_path_first(tmp_path: Path) -> None:
    (tmp_path / "a@b").mkdir()

    assert parse("a@b", tmp_path).place == str(tmp_path / "a@b")
    with pytest.raises(UserError, match="is a plain folder and has no `v1`"):
        parse("a@b@v1", tmp_path)


def test_no_password_is_left_in_any_text() -> None:
    said = "Authentication failed for 'https://me:p@ss@h.test/t' and ssh://git:x@h/t"

    assert without_secret(said) == (
        "Authentication failed for 'https://h.test/t' and ssh://git@h/t"
    )


@pytest.mark.parametrize(
    ("source", "why", "code"),
    [
        ("{url}@v9", "has no tag, branch or commit named `v9`", 2),
        ("{url}-absent.git", "is no git repository, or none that you may see", 1),
        ("../nowhere", "there is no template at", 2),
        ("{empty}", "there is no `copier.yml` in it", 1),
        ("https://127.0.0.1:{port}/t.git", "could not be reached", 1),
    ],
)
def test_what_cannot_be_had_is_told_in_one_sentence(
    msgen: Command, template: Template, source: str, why: str, code: int
) -> None:
    template.write(CLASSIC, "v1")
    tmp_path = msgen.folder.parent
    (tmp_path / "empty").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        places = {"url": template.url, "empty": tmp_path / "empty"}
        words = source.format(**places, port=taken.getsockname()[1])
        ran = msgen("new", "shop", "--template", words)

    assert (ran.code, why in ran.err) == (code, True), ran.err
    assert "Traceback" not in ran.err
    assert listing(msgen.folder) == []


@pytest.fixture
def locked() -> Iterator[str]:
    """The address of a server that wants a password for everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="templates"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quietly."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("who", ["", "me:hush@", "hush@"])
def test_nobody_is_asked_for_a_password_and_none_is_shown(
    msgen: Command, locked: str, who: str, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    helper = tmp_path / "askpass"
    helper.write_text(f"#!/bin/sh\ntouch {asked}\necho x\n")
    helper.chmod(0o755)

    ran = msgen("new", "shop", "--template", f"http://{who}{locked}/t.git",
                env={"GIT_ASKPASS": str(helper), "SSH_ASKPASS": str(helper)})  # fmt: skip

    assert ran.code == 1
    assert f"the template `http://{locked}/t.git` wants credentials" in ran.err
    assert "hush" not in ran.err + ran.out
    assert not asked.exists()


def test_a_password_is_used_and_not_recorded(
    made: Made, msgen: Command, template: Template, tmp_path: Path
) -> None:
    template.write(CLASSIC, "v1")
    rewritten = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{template.url}.insteadOf",
                 "GIT_CONFIG_VALUE_0": "https://me:hush@h.test/t.git"}  # fmt: skip
    msgen.env.update(rewritten)

    shop = made("https://me:hush@h.test/t.git")

    assert "_src_path: https://h.test/t.git\n" in shop.text(".copier-answers.yml")
    kept = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert kept
    assert not any(b"hush" in file.read_bytes() for file in kept)


def test_a_damaged_cache_mends_itself(
    made: Made, msgen: Command, template: Template, tmp_path: Path
) -> None:
    template.write(CLASSIC, "v1")
    shop = made(template.url)
    [tree] = (tmp_path / "cache/foreign").iterdir()
    (tree / "tree/copier.yml").write_text("project_name: Damaged\n")

    ran = msgen("update", "--set", "greeting=ahoy")

    assert ran.code == 0, ran.err
    assert "project_name: Shop" in shop.text(".copier-answers.yml")


def test_many_at_once_share_one_mirror(msgen: Command, template: Template) -> None:
    template.write(CLASSIC, "v1")

    running = [
        msgen.start("new", f"shop{n}", "--template", template.url, "--no-git", "--no-install")
        for n in range(3)
    ]
    ended = [(each.wait(timeout=120), each.communicate()[1]) for each in running]

    assert [code for code, _ in ended] == [0, 0, 0], ended


def test_copiers_public_interface_gives_the_same(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from msgen import foreign, foreign_copier, foreign_worker
    from msgen.releases import Terms

    from tests.foreign.templates import SHORT
    from tests.support.history import contents

    template.write({**SHORT, "_extra.txt": "x"}, "v1")
    snapshot = foreign.asked_for(template.url, Terms(service=tmp_path / "shop"), base=tmp_path)
    given = {"title": "My Shop", "parts": ["bus"]}
    for name in ("fast", "public"):
        (tmp_path / name).mkdir()

    foreign_copier.render(snapshot, given, tmp_path / "fast")
    worked_out = foreign_copier.answered(snapshot, given)
    monkeypatch.setattr(foreign_copier, "_fast", lambda: None)
    foreign_copier.render(snapshot, given, tmp_path / "public")

    assert contents(tmp_path / "fast") == contents(tmp_path / "public")
    assert worked_out == foreign_copier.answered(snapshot, given)
    assert foreign_worker.__name__ in sys.modules
