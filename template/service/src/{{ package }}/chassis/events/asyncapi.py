# Sealed: an update replaces this file.
"""An AsyncAPI 3.0 document of what the service tells and receives."""

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from .envelope import MEDIA_TYPE
from .schemas import Complete, Contract

_ACTIONS = (("send", "told"), ("receive", "received"))
_TEXT = {"type": "string", "minLength": 1}
# CloudEvents 1.0 in JSON, with the extensions that the envelope has.
_ENVELOPE = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "The same for each delivery of one event."},
        "source": {**_TEXT, "format": "uri-reference", "description": "Who tells it."},
        "subject": {**_TEXT, "description": "The key: events with the same one are in order."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {**_TEXT, "format": "uri"},
        "traceparent": {**_TEXT, "description": "W3C Trace Context."},
        "correlationid": {**_TEXT, "description": "The request that it came from."},
        "authtype": _TEXT,
        "authid": {**_TEXT, "description": "Who caused it."},
    },
}


def document(contracts: Sequence[Contract], *, title: str, version: str) -> dict[str, Any]:
    messages, schemas = _components(contracts)
    topics = sorted({contract.event.event_kind.topic for contract in contracts})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": MEDIA_TYPE,
        "channels": {topic: _channel(topic, contracts) for topic in topics},
        "operations": dict(_operations(topics, contracts)),
        "components": {"messages": messages, "schemas": {"CloudEvent": _ENVELOPE, **schemas}},
    }


def _components(contracts: Sequence[Contract]) -> tuple[dict[str, Any], dict[str, Any]]:
    modes = [(contract.event, contract.mode) for contract in contracts]
    places, made = models_json_schema(
        modes, ref_template="#/components/schemas/{model}", schema_generator=Complete
    )
    messages = {
        contract.type: _message(contract, places[contract.event, contract.mode])
        for contract in contracts
    }
    return messages, made.get("$defs", {})


def _message(contract: Contract, data: dict[str, Any]) -> dict[str, Any]:
    properties = {"type": {"const": contract.type}, "data": data}
    return {
        "name": contract.type,
        "title": contract.event.event_kind.name,
        "summary": contract.schema.get("description", ""),
        "contentType": MEDIA_TYPE,
        "payload": {
            "allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"properties": properties}]
        },
    }


def _channel(topic: str, contracts: Sequence[Contract]) -> dict[str, Any]:
    types = [each.type for each in contracts if each.event.event_kind.topic == topic]
    return {
        "address": topic,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in types},
    }


def _operations(topics: list[str], contracts: Sequence[Contract]) -> Any:
    for topic in topics:
        for action, part in _ACTIONS:
            types = [
                each.type
                for each in contracts
                if each.event.event_kind.topic == topic and getattr(each, part)
            ]
            if types:
                messages = [{"$ref": f"#/channels/{topic}/messages/{each}"} for each in types]
                channel = {"$ref": f"#/channels/{topic}"}
                operation = {"action": action, "channel": channel, "messages": messages}
                yield f"{action}-{topic}", operation
