"""The two commands of the README, for a clone on a machine that has Python 3.11 or newer.

    python3 dev.py try     install msgen, generate a service, run it, place an order
    python3 dev.py test    run the generator's tests

An older Python may start it: it looks for a fitting one itself.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUPPORTED = ("3.14", "3.13", "3.12", "3.11")
START = time.monotonic()

ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}

NO_PYTHON = """Python 3.11, 3.12, 3.13 or 3.14 is needed, and none works here ({})

hint: install one, then run this again
  Debian, Ubuntu   apt install python3 python3-venv
  macOS            brew install python@3.13
  anywhere         pyenv install 3.13"""

NEXT = """
It works. Go on with
  cd {folder}
  {serve}    # then open http://127.0.0.1:8000/docs
  {pytest}    # its tests
and make your own with
  {msgen} new"""


class Problem(Exception):
    """Something that the person at the keyboard can mend."""


def main(words):
    """Run the command that was asked for; its exit code."""
    try:
        if words[:1] == ["try"] and len(words) <= 2:
            try_it(pathlib.Path(words[1] if len(words) == 2 else "my-service"))
            return 0
        if words[:1] == ["test"]:
            return test(words[1:])
    except (Problem, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nerror: stopped\n")
        return 130
    sys.stderr.write(__doc__)
    return 0 if words[:1] in (["-h"], ["--help"]) else 2


# --- An interpreter and an environment ---------------------------------------------


def find_python():
    """The first interpreter that fits and works; a broken shim is passed over."""
    unfit = []
    for candidate in candidates():
        version, complete = examine(candidate)
        if version in SUPPORTED and complete:
            return candidate
        if version in SUPPORTED:
            unfit.append(f"{candidate} lacks `venv`")
        elif version:
            unfit.append(f"{candidate} is {version}")
    raise Problem(NO_PYTHON.format("; ".join(unfit) or "no Python at all"))


def candidates():
    """The running interpreter, then those on the PATH, then pyenv's; each once."""
    names = ["python3"] + [f"python{version}" for version in SUPPORTED]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    paths = [os.path.join(folder, name) for name in names for folder in folders]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    in_pyenv = sorted(map(str, pyenv.glob("versions/3.*/bin/python3")), reverse=True)
    existing = [path for path in paths + in_pyenv if os.path.isfile(path)]
    return list(dict.fromkeys([sys.executable] + existing))


def examine(python):
    """An interpreter's version, and whether it can make environments; None if it fails."""
    probe = (
        "import sys; print('%d.%d' % sys.version_info[:2])\n"
        "import ensurepip, ssl, venv; print('complete')"
    )
    try:
        ran = subprocess.run(
            [python, "-c", probe], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None, False
    said = ran.stdout.decode(errors="replace").split()
    return (said[0] if said else None), "complete" in said


def environment(group=None):
    """`.venv` with msgen in it; installed again when pyproject.toml has changed."""
    stamp = VENV / ("installed-" + (group or "msgen"))
    wanted = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    if not (BIN / "uv").exists() or examine(str(BIN / "python"))[0] not in SUPPORTED:
        python = find_python()
        step(f"Making `.venv` with `{python}`")
        shutil.rmtree(str(VENV), ignore_errors=True)
        run([python, "-m", "venv", VENV])
        run([BIN / "python", "-m", "pip", "install", "--quiet", "uv"])
    step("Installing msgen" + (" and what its tests need" if group else ""))
    extra = ["--group", group] if group else []
    run([BIN / "uv", "pip", "install", "--quiet", "--editable", "."] + extra, cwd=ROOT)
    stamp.write_text(wanted, encoding="utf-8")


def step(text):
    """A line of progress."""
    print(f"[{time.monotonic() - START:5.1f} s] {text}", flush=True)


def run(command, cwd=None):
    """Run quietly and return the output; a failure shows it."""
    words = [str(word) for word in command]
    ran = subprocess.run(
        words,
        cwd=cwd and str(cwd),
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = ran.stdout.decode(errors="replace").strip()
    if ran.returncode:
        raise Problem(f"`{' '.join(words)}` failed\n\n{said}")
    return said


def surroundings():
    """No interpreter is ever downloaded, and our own environment is the one that is meant."""
    return dict(os.environ, UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=str(VENV))


# --- python3 dev.py try --------------------------------------------------------------


def try_it(folder):
    """Generate a service, run it, use it, stop it."""
    environment()
    generate(folder)
    name = folder.name if folder.name.endswith("-service") else folder.name + "-service"
    command = folder.resolve() / BIN.relative_to(ROOT) / name
    port = free_port()
    step(f"Starting it: `{name} serve`")
    with (folder / "try.log").open("wb") as log:
        running = subprocess.Popen(
            [str(command), "serve", "--port", str(port)],
            cwd=str(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        use(command, folder, running, f"http://127.0.0.1:{port}")
    finally:
        running.terminate()
        running.wait()
    step("Stopped it")
    serve = f".venv/bin/{name} serve"
    pytest = ".venv/bin/pytest".ljust(len(serve))
    print(NEXT.format(folder=folder, serve=serve, pytest=pytest, msgen=shortest(BIN / "msgen")))


def generate(folder):
    """Write and install the service, or take what an earlier run has left."""
    if not folder.exists():
        step(f"Generating `{folder}` and installing it: `msgen new {folder.name}`")
        run([BIN / "msgen", "new", folder.name, "--output", folder, "--yes", "--no-git"])
    elif not (folder / ".copier-answers.yml").is_file():
        raise Problem(
            f"`{folder}` exists already\n\nhint: `python3 dev.py try another-service`"
        )
    elif not (folder / "uv.lock").is_file():
        step(f"Installing `{folder}`: `uv sync`")
        run(
            ["env", "-u", "VIRTUAL_ENV", BIN / "uv", "sync", "--python", BIN / "python"],
            cwd=folder,
        )


def use(command, folder, running, url):
    """Wait until it is ready, then place and read an order."""
    wait_until_ready(running, url, folder / "try.log")
    step("GET /readyz: ready")
    said = run([command, "token", "--scope", "orders:read orders:write"], cwd=folder)
    token = said.splitlines()[-1]
    status, order = call(url + "/orders", token, ORDER)
    step(f"POST /orders: {status}")
    status, order = call(url + "/orders/" + order["id"], token)
    step(f"GET /orders/{order['id']}: {status}")
    print(json.dumps(order, indent=2))


def wait_until_ready(running, url, log):
    """Poll until it answers; when it ends instead, show its last words."""
    end = time.monotonic() + 60
    while time.monotonic() < end and running.poll() is None:
        try:
            with urllib.request.urlopen(url + "/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    raise Problem("the service did not become ready\n\n" + "\n".join(tail))


def call(url, token, body=None):
    """One authenticated request; its status and its JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    try:
        request = urllib.request.Request(url, data, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read().decode())
    except urllib.error.HTTPError as wrong:
        said = wrong.read().decode(errors="replace")
        raise Problem(f"`{url}` answered {wrong.code}\n\n{said}") from wrong


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shortest(path):
    """As short as it can be typed from here."""
    return min(str(path), os.path.relpath(str(path)), key=len)


# --- python3 dev.py test -------------------------------------------------------------


def test(words):
    """Run the generator's tests; those that need a missing server are skipped."""
    environment(group="dev")
    step("Running the tests")
    command = [str(BIN / "python"), "-m", "pytest"] + (words or ["--numprocesses", "auto"])
    return subprocess.run(command, cwd=str(ROOT), env=surroundings()).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
