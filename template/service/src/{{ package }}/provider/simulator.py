"""One request from the match to the answer."""

import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import structlog
from starlette.requests import Request
from starlette.responses import Response

from . import faults, recording
from .answers import Answer
from .calls import Calls
from .document import BadDocumentError
from .engine import Engine
from .events import Events
from .inputs import Inputs
from .operations import Match
from .refusals import plain
from .rendering import rendered, replayed
from .scenarios import Rule, Scenarios, Step
from .settings import SliceSettings
from .state import MissingError, State, WrongStateError
from .switches import BadFaultError, Switches

log = structlog.get_logger()

_PREFERENCE = re.compile(r"(code|example)=\"?([\w.-]+)")


@dataclass
class Turn:
    """A request on its way through."""

    request: Request
    match: Match
    inputs: Inputs = field(default_factory=Inputs)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def preferences(self) -> dict[str, str]:
        """`Prefer: code=404, example=expired`."""
        return dict(_PREFERENCE.findall(self.request.headers.get("prefer", "")))


@dataclass(frozen=True)
class Simulator:
    engine: Engine
    scenarios: Scenarios
    settings: SliceSettings
    state: State
    switches: Switches
    calls: Calls
    events: Events
    recorder: recording.Recorder
    upstream: recording.Upstream | None = None

    async def answer(self, request: Request) -> Response:
        notes: dict[str, Any] = {}
        response = await self._answer(request, notes)
        await self.calls.note(request, response.status_code, notes)
        return response

    async def _answer(self, request: Request, notes: dict[str, Any]) -> Response:
        raw = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
        match = self.engine.operations.match(request.method, raw)
        if match is None:
            allowed = self.engine.operations.allowed(raw)
            headers = {"allow": ", ".join(allowed)} if allowed else {}
            known = "the path has other methods" if allowed else "the document has no such path"
            return rendered(plain(405 if allowed else 404, known), headers)
        request.scope["route"] = match.operation
        notes["operation"] = match.operation.name
        try:
            fault = self.switches.fault(request, match.operation)
        except BadFaultError as error:
            return rendered(plain(400, str(error)))
        if fault is not None:
            notes["fault"] = fault.model_dump(exclude_defaults=True)
            await faults.wait(min(fault.latency, self.settings.provider_longest_seconds))
        turn = Turn(request, match, notes=notes)
        try:
            response = await self._of_mode(turn, fault)
        except BadDocumentError as error:
            log.warning("document_unsupported", problem=str(error))
            return rendered(plain(501, f"the document asks for what is not emulated: {error}"))
        return self._broken(response, fault)

    def _broken(self, response: Response, fault: faults.Fault | None) -> Response:
        longest = self.settings.provider_longest_seconds
        return faults.broken(response, fault, longest=longest) if fault is not None else response

    async def _of_mode(self, turn: Turn, fault: faults.Fault | None) -> Response:
        if fault is not None and fault.status is not None:
            detail = "a fault was asked for"
            return rendered(self.engine.refusals.make(turn.match.operation, fault.status, detail))
        body = await turn.request.body()
        if self.settings.provider_mode == "record" and self.upstream is not None:
            return await self._recorded(turn.request, body, self.upstream)
        if self.settings.provider_mode == "replay":
            found = self.recorder.find(turn.request, body)
            if found is not None:
                turn.notes["replayed"] = True
                return replayed(found)
        return await self._simulated(turn)

    async def _recorded(
        self, request: Request, body: bytes, upstream: recording.Upstream
    ) -> Response:
        answer: httpx2.Response = await upstream.ask(request, body)
        self.recorder.write(request, body, answer)
        return Response(answer.content, answer.status_code, recording.passed_on(answer))

    async def _simulated(self, turn: Turn) -> Response:
        turn.inputs = await self.engine.reader.read(turn.request, turn.match)
        turn.notes["problems"] = turn.inputs.problems
        step = self._step(turn)
        if step is not None and step.fault is not None and step.fault.latency:
            await faults.wait(min(step.fault.latency, self.settings.provider_longest_seconds))
        answer = self._scripted(turn, step) or self._refused(turn) or self._performed(turn)
        if step is not None and step.webhook is not None:
            hook = step.webhook
            self.events.emit(hook.event, answer.value, url=hook.url, body=hook.body)
        headers = {**answer.headers, **(step.headers if step is not None else {})}
        return self._broken(rendered(answer, headers), step.fault if step is not None else None)

    def _step(self, turn: Turn) -> Step | None:
        for name, scenario in self.scenarios.scenarios.items():
            if self.switches.is_active(name, scenario) and scenario.when.fits(
                turn.match, turn.inputs
            ):
                step = scenario.step(self.switches.next_step(name))
                if step is not None:
                    turn.notes["scenario"] = name
                    return step
        return None

    def _scripted(self, turn: Turn, step: Step | None) -> Answer | None:
        if step is None:
            return None
        operation = turn.match.operation
        status = step.status or (step.fault.status if step.fault is not None else None)
        if status is None:
            return None
        if step.body is not None:
            media = "application/json" if not isinstance(step.body, str) else "text/plain"
            return Answer(status, media, step.body)
        if operation.response(status) is None or (status >= 400 and step.example is None):
            return self.engine.refusals.make(operation, status, "a scenario says so")
        return self.engine.answers.make(operation, status=status, example=step.example)

    def _refused(self, turn: Turn) -> Answer | None:
        operation, refusals = turn.match.operation, self.engine.refusals
        if self.settings.provider_checks_security:
            problem = self.engine.security.problem(operation, turn.request)
            if problem is not None:
                return refusals.make(operation, 401, problem)
        if self.settings.provider_checks_requests and turn.inputs.problems:
            detail = "the request is not what the document says"
            return refusals.make(
                operation, turn.inputs.status, detail, errors=turn.inputs.problems[:20]
            )
        return None

    def _performed(self, turn: Turn) -> Answer:
        operation = turn.match.operation
        wished = turn.preferences
        accept = turn.request.headers.get("accept", "*/*")
        usual = self.engine.answers.make
        make = partial(usual, operation, accept=accept, example=wished.get("example"))
        if "code" in wished and wished["code"].isdigit():
            return make(status=int(wished["code"]))
        rule = self.scenarios.rules.get(operation.name)
        role = self.engine.collections.roles.get(operation.place)
        variant = f"{turn.request.url.path}?{turn.request.url.query}"
        try:
            if role is None:
                answer = make(variant=variant)
            else:
                answer = self.state.perform(role, turn.match, turn.inputs, make, rule)
        except MissingError:
            return self.engine.refusals.make(operation, 404, "there is no such resource")
        except WrongStateError as error:
            return self.engine.refusals.make(operation, 409, str(error))
        self._tell(turn, answer, rule)
        return answer

    def _tell(self, turn: Turn, answer: Answer, rule: Rule | None) -> None:
        self.events.after(turn.request, turn.match, turn.inputs, answer)
        if rule is not None and rule.emits is not None:
            self.events.emit(rule.emits, answer.value)
