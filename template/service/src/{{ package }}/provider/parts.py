"""The parts of the simulator, for whoever needs one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import structlog

from ..chassis.config import BadConfigurationError
from . import document, engine, recording, scenarios
from .calls import Calls
from .engine import Engine
from .events import Events
from .scenarios import Scenarios
from .settings import SliceSettings
from .simulator import Simulator
from .state import State
from .store import Store
from .switches import Switches
from .webhooks import Sender

log = structlog.get_logger()

_HERE = Path(__file__).parent


@dataclass
class Parts:
    engine: Engine
    scenarios: Scenarios
    store: Store
    switches: Switches
    sender: Sender
    events: Events
    simulator: Simulator

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Webhooks and, if it is recorded, the upstream, while the service runs."""
        address = self.simulator.settings.provider_upstream
        async with self.sender.running(), httpx2.AsyncClient(trust_env=False) as client:
            upstream = recording.Upstream(str(address), client) if address is not None else None
            self.simulator = replace(self.simulator, upstream=upstream)
            yield
        self.store.close()


def assemble(settings: SliceSettings) -> Parts:
    """Raises BadConfigurationError that says what is wrong with the files."""
    if settings.provider_mode == "record" and settings.provider_upstream is None:
        raise BadConfigurationError(["to record, PROVIDER_UPSTREAM must be set"])
    made, script = read(settings)
    store = Store(settings.provider_store)
    recorder = recording.Recorder(
        settings.provider_recordings, hidden=settings.provider_hidden_fields
    )
    recorder.load()
    switches = Switches(store, seed=settings.provider_seed, headers=settings.provider_fault_headers)
    sender = Sender(settings)
    events = Events(made.document, made.answers, store, sender, settings)
    strict = settings.provider_unknown == "missing"
    simulator = Simulator(
        engine=made,
        scenarios=script,
        settings=settings,
        state=State(store, made.answers, made.shapes, strict=strict),
        switches=switches,
        calls=Calls(store, recorder, keep=settings.provider_calls_kept),
        events=events,
        recorder=recorder,
    )
    return Parts(made, script, store, switches, sender, events, simulator)


def read(settings: SliceSettings) -> tuple[Engine, Scenarios]:
    try:
        file = settings.provider_document or document.find(_HERE)
        made = engine.build(document.load(file), seed=settings.provider_seed)
        script = scenarios.read(settings.provider_scenarios or _HERE / "scenarios.yml")
    except document.BadDocumentError as error:
        raise BadConfigurationError([str(error)]) from None
    except scenarios.BadScenariosError as error:
        raise BadConfigurationError(error.problems) from None
    except OSError as error:
        raise BadConfigurationError([f"`{error.filename}`: {error.strerror}"]) from None
    known = {name for each in made.operations.all for name in (each.name, each.place)}
    for problem in script.unknown(known):
        log.warning("scenario_never_happens", problem=problem)
    return made, script
