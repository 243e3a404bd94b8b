"""What a team makes of a service in its first months: a slice, a migration, edits, jobs."""

from pathlib import Path

from tests.support.history import Repo

_HERE = Path(__file__).parent
_PACKAGE = "src/orders_service"
_SLICE = ("domain", "queries", "repository", "routes", "tables", "use_cases")
_PLACES = {
    **{f"visits/{name}.txt": f"{_PACKAGE}/visits/{name}.py" for name in _SLICE},
    "visits/migration.txt": "migrations/versions/20261001_visits.py",
    "visits/tests.txt": "tests/visits/test_visits.py",
}


def lives_in(service: Repo) -> None:
    """Add the slice `visits`, edit the sample and the seams, and commit."""
    for source, place in _PLACES.items():
        service.write(place, (_HERE / source).read_text(encoding="utf-8"))
    service.write(
        f"{_PACKAGE}/visits/__init__.py",
        '"""Visits: what customers tell us when they come."""\n',
    )
    service.write("tests/visits/__init__.py", "")
    _wire(service)
    _edit(service)
    service.commit("Take visits")


def _wire(service: Repo) -> None:
    settings = "from .settings import Settings\n"
    visits = "from .visits import routes as visits\n"
    included = "    app.include_router(orders.router)\n"
    for file in ("main.py", "__main__.py"):
        service.replace(f"{_PACKAGE}/{file}", settings, settings + visits)
    service.replace(
        f"{_PACKAGE}/main.py", included, included + included.replace("orders", "visits")
    )
    service.replace(
        f"{_PACKAGE}/__main__.py", "*orders.SCOPES,", "*orders.SCOPES, *visits.SCOPES,"
    )


def _edit(service: Repo) -> None:
    """The sample slice becomes the team's own, and the seams grow."""
    service.append(f"{_PACKAGE}/orders/domain.py", "\n\nLONGEST_VISIT = 200")
    service.append("README.md", "\n## Visits\n\nCustomers tell us things.")
    service.append(
        ".github/workflows/ci.yml",
        "\n  ours:\n    name: Ours\n    permissions: {}\n    runs-on: ubuntu-24.04\n"
        "    timeout-minutes: 5\n    steps:\n      - run: echo ours",
    )
    service.replace("pyproject.toml", '    "orjson', '    "packaging>=26.3",\n    "orjson')
