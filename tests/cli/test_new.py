"""`msgen new` without a terminal: what it writes, and what it says."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from front_door import Command, listing

QUICK = ("--no-install", "--no-git")


def test_a_worker_is_told_of_neither_tokens_nor_documentation(msgen: Command) -> None:
    said = msgen("new", "imports", "--preset", "worker", "--json", *QUICK)

    assert said.code == 0, said.err
    assert ".venv/bin/imports-service serve" in said.json["next"]
    assert not [line for line in said.json["next"] if line.endswith(" token")]


def test_a_service_is_written_and_the_next_step_is_told(msgen: Command, folder: Path) -> None:
    ran = msgen("new", "orders", *QUICK)

    assert ran.code == 0, ran.err
    assert (folder / "orders/src/orders_service/main.py").is_file()
    assert "cd orders\n" in ran.out
    assert ".venv/bin/orders-service serve" in ran.out


def test_the_answers_file_names_the_project_and_no_path_of_this_machine(
    msgen: Command, folder: Path
) -> None:
    msgen("new", "orders", *QUICK)

    text = (folder / "orders/.copier-answers.yml").read_text()
    answers = yaml.safe_load(text)

    assert answers["_src_path"].startswith("https://")
    assert re.fullmatch(r"v\d+\.\d+\.\d+(\.dev\d+)?", answers["_commit"])
    assert answers["name"] == "orders"
    assert "package" not in answers
    assert str(folder.parent) not in text


def test_the_service_can_be_written_elsewhere(msgen: Command, folder: Path) -> None:
    ran = msgen("new", "orders", "--output", "deep/in/here", *QUICK)

    assert ran.code == 0, ran.err
    assert (folder / "deep/in/here/pyproject.toml").is_file()
    assert sorted(path.name for path in folder.iterdir()) == ["deep"]


def test_an_empty_folder_is_filled(msgen: Command, folder: Path) -> None:
    (folder / "orders").mkdir()

    assert msgen("new", "orders", *QUICK).code == 0
    assert (folder / "orders/pyproject.toml").is_file()


def test_a_link_to_an_empty_folder_stays_a_link(msgen: Command, folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "orders").symlink_to("real")

    assert msgen("new", "orders", *QUICK).code == 0
    assert (folder / "orders").is_symlink()
    assert (folder / "real/pyproject.toml").is_file()


@pytest.mark.parametrize("name", ["email", "queue", "json", "fastapi", "test"])
def test_a_name_that_is_taken_elsewhere_works(msgen: Command, folder: Path, name: str) -> None:
    assert msgen("new", name, *QUICK).code == 0
    assert (folder / name / f"src/{name}_service/__init__.py").is_file()


def test_a_name_that_ends_in_service_keeps_one_suffix(msgen: Command, folder: Path) -> None:
    assert msgen("new", "my-service", *QUICK).code == 0
    assert (folder / "my-service/src/my_service").is_dir()


def test_nothing_is_left_beside_the_service(msgen: Command, folder: Path) -> None:
    msgen("new", "orders", *QUICK)

    assert [path.name for path in folder.iterdir()] == ["orders"]


def test_a_dry_run_shows_the_tree_and_writes_nothing(msgen: Command, folder: Path) -> None:
    ran = msgen("new", "orders", "--dry-run", "--output", "deep/orders")

    assert ran.code == 0, ran.err
    assert "└── pyproject.toml" in ran.out or "├── pyproject.toml" in ran.out
    assert "orders_service/" in ran.out
    assert "nothing was written" in ran.out
    assert list(folder.iterdir()) == []


def test_a_dry_run_lists_just_what_a_run_writes(msgen: Command, folder: Path) -> None:
    before = msgen("new", "orders", "--dry-run", "--json").json

    after = msgen("new", "orders", "--json", *QUICK).json

    assert before["files"] == after["files"] == listing(folder / "orders")


def test_json_is_alone_on_stdout(msgen: Command, folder: Path) -> None:
    ran = msgen("new", "orders", "--json", "--explain", *QUICK)

    said = ran.json
    assert said["name"] == "orders"
    assert said["path"] == str(folder / "orders")
    assert said["dry_run"] is False
    assert said["answers"]["package"] == {"value": "orders_service", "source": "derived"}
    assert [step["status"] for step in said["steps"]] == ["skipped", "skipped"]
    assert re.fullmatch(r"[0-9a-f]{64}", said["template"]["sha256"])


def test_without_install_it_says_that_the_lock_file_is_missing(msgen: Command) -> None:
    ran = msgen("new", "orders", *QUICK)

    assert "uv sync" in ran.out
    assert "`uv.lock`, which do not exist yet" in ran.out


def test_no_name_is_a_usage_error_and_nobody_is_asked(msgen: Command, folder: Path) -> None:
    ran = msgen("new")

    assert ran.code == 2
    assert ran.err == "error: the service has no name\n\nhint: run `msgen new my-service`\n"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("My Service!", "my-service"),
        ("OrderItems", "order-items"),
        ("orders_api", "orders-api"),
        ("2fast", "fast"),
        ("a--b", "a-b"),
        ("services/orders", "services-orders"),
        ("Ünïted", "n-ted"),
        ("x" * 41, "x" * 40),
    ],
)
def test_a_bad_name_is_explained_with_a_better_one(
    msgen: Command, folder: Path, name: str, better: str
) -> None:
    ran = msgen("new", name, *QUICK)

    assert ran.code == 2
    assert "lower-case letters, digits and single hyphens" in ran.err
    assert f"hint: try `{better}`" in ran.err
    assert list(folder.iterdir()) == []


def test_a_name_without_any_letter_gets_no_suggestion(msgen: Command) -> None:
    ran = msgen("new", "!!!", *QUICK)

    assert ran.code == 2
    assert "hint" not in ran.err


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--preset", "servise"], "no preset named `servise`", "did you mean `service`?"),
        (["--set", "licens=MIT"], "no option named `licens`", "did you mean `licence`?"),
        (["--set", "licence=GPL"], "`licence` cannot be `GPL`", "choose one of `proprietary`"),
        (["--set", "licence=mit"], "`licence` cannot be `mit`", "did you mean `MIT`?"),
        (["--set", "container=maybe"], "`container` is yes or no", "`container=yes`"),
        (
            ["--set", "container"],
            "takes `KEY=VALUE`, not `container`",
            "`--set container=VALUE`",
        ),
        (["--set", "package=x"], "`package` follows from other answers", "--explain"),
        (["--set", "name=x"], "the name is given as the argument", "`msgen new x`"),
        (["--preste", "x"], "no such option: `--preste`", "did you mean `--preset`?"),
        (["another"], "got unexpected extra argument(s) (another)", "msgen --help"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(
    msgen: Command, folder: Path, words: list[str], message: str, hint: str
) -> None:
    ran = msgen("new", "orders", *words)

    first, _, last = ran.err.rstrip("\n").split("\n")
    assert ran.code == 2
    assert first.startswith("error: ")
    assert message in first
    assert last.startswith("hint: ")
    assert hint in last
    assert not first.endswith(".")
    assert list(folder.iterdir()) == []


def test_a_target_with_something_in_it_is_left_alone(msgen: Command, folder: Path) -> None:
    (folder / "orders").mkdir()
    (folder / "orders/notes.txt").write_text("mine")

    ran = msgen("new", "orders", *QUICK)

    assert ran.code == 2
    assert "is not empty" in ran.err
    assert listing(folder) == ["orders/notes.txt"]


def test_a_target_that_is_a_file_is_left_alone(msgen: Command, folder: Path) -> None:
    (folder / "orders").write_text("mine")

    ran = msgen("new", "orders", *QUICK)

    assert ran.code == 2
    assert "is a file" in ran.err
    assert (folder / "orders").read_text() == "mine"


def test_the_folder_one_stands_in_is_not_replaced(msgen: Command, folder: Path) -> None:
    ran = msgen("new", "orders", "--output", ".", *QUICK)

    assert ran.code == 2
    assert "the folder you are in cannot be replaced" in ran.err
    assert list(folder.iterdir()) == []


def test_the_first_commit_holds_everything(msgen: Command, folder: Path) -> None:
    ran = msgen("new", "orders", "--no-install")

    status = _git(folder / "orders", "status", "--porcelain")
    assert ran.code == 0, ran.err
    assert status == ""
    assert _git(folder / "orders", "branch", "--show-current") == "main\n"
    assert "first commit on `main`" in ran.out


def test_inside_a_repository_no_other_one_is_made(msgen: Command, folder: Path) -> None:
    _git(folder, "init", "--quiet")

    ran = msgen("new", "orders", "--no-install")

    assert ran.code == 0, ran.err
    assert not (folder / "orders/.git").exists()
    assert f"the repository `{folder}` is around it" in ran.out


def test_a_surrounding_git_hook_does_not_lead_the_first_commit_astray(
    msgen: Command, folder: Path
) -> None:
    other = folder.parent / "other"
    _git(folder, "init", "--quiet", str(other))

    ran = msgen("new", "orders", "--no-install", env={"GIT_DIR": str(other / ".git")})

    assert ran.code == 0, ran.err
    assert (folder / "orders/.git").is_dir()
    assert _git(other, "rev-list", "--all") == ""


def test_a_git_that_does_not_know_the_user_leaves_everything_staged(
    msgen: Command, folder: Path
) -> None:
    for key in [key for key in msgen.env if key.startswith("GIT_")]:
        del msgen.env[key]

    ran = msgen(
        "new",
        "orders",
        "--no-install",
        env={"GIT_CONFIG_PARAMETERS": "'user.useConfigOnly=true'"},
    )

    assert ran.code == 0, ran.err
    assert "git does not know who commits" in ran.out
    assert "git config --global user.email" in ran.out
    assert "A  pyproject.toml" in _git(folder / "orders", "status", "--porcelain")


def _git(folder: Path, *words: str) -> str:
    ran = subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout
