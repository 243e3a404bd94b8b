"""Documents of real providers: every operation answers, or its lack is named with its place."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import documents
from tests.simulator.validator import Judge, load
from tests.support import pythons
from tests.support.environment import Environment, shared
from tests.support.rendering import Generate, Service

PROBE = Path(__file__).with_name("probe.py")
# All operations of a document with more of them are called in the soak only.
MOST = None if os.environ.get("MSGEN_SOAK") else 60
DOCUMENTS = documents.all_of_them()


@dataclass(frozen=True)
class Result:
    """What became of the calls to one document."""

    operations: int
    called: int
    answered: int
    named: tuple[str, ...]
    wrong: tuple[str, ...]


@pytest.fixture(scope="module")
def simulator(generate: Generate) -> Service:
    return generate("simulator", "payments-sim")


@pytest.fixture(scope="module")
def at_home(simulator: Service) -> Environment:
    return shared(simulator, pythons.running())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.provider)
def test_every_operation_works_or_is_named(
    document: documents.Document,
    simulator: Service,
    at_home: Environment,
    record_property: Any,
) -> None:
    file = document.fetch()
    limit = ("--most", str(MOST)) if MOST else ()

    said = at_home.passes(simulator, "python", str(PROBE), simulator.package, str(file), *limit)
    *calls, summary = map(json.loads, said.splitlines())
    result = judged(Judge(load(file)), calls, summary)

    record_property("result", repr(result))
    assert result.called == min(result.operations, MOST or result.operations)
    assert result.wrong == ()
    assert result.answered + len(result.named) == result.called


def test_ten_providers_at_least_are_in_the_list() -> None:
    assert len({each.provider for each in DOCUMENTS}) >= 10
    assert len({each.sha256 for each in DOCUMENTS}) == len(DOCUMENTS)


def judged(judge: Judge, calls: Sequence[dict[str, Any]], summary: dict[str, Any]) -> Result:
    gaps = dict(summary["gaps"])
    answered, named, wrong = 0, [], []
    for call in calls:
        place, problem = call["place"], call.get("problem", "")
        if not problem and call["status"] >= 400:
            problem = f"{call['status']} for {call['url']}: {call['body'][:300]}"
        elif not problem:
            place, problem = judge.problem(call) or ("", "")
        if not problem:
            answered += 1
        elif call["place"] in gaps or place in gaps:
            named.append(f"{call['place']}: {gaps.get(call['place'], gaps.get(place))}")
        else:
            wrong.append(f"{call['place']} {place}: {problem}")
    return Result(summary["total"], len(calls), answered, tuple(named), tuple(wrong))
