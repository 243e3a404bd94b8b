# Sealed: an update replaces this file.
"""Personal data: readable with its key only, and the keys are readable with ours only."""

import base64
import os
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from ...conftest import Settings, UnitOfWork, config, event_store

pytestmark = pytest.mark.anyio


def master() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def vault(settings: Settings, *keys: str) -> Any:
    changed = {"personal_data_keys": settings.model_validate({"personal_data_keys": keys})}
    return event_store.Vault(
        settings.model_copy(
            update={"personal_data_keys": changed["personal_data_keys"].personal_data_keys}
        )
    )


async def seal(app: FastAPI, vault: Any, text: str, subject: str = "alice") -> Any:
    async with UnitOfWork(app.state.database) as unit:
        return await vault.seal(unit.session, text, subject=subject)


async def opened(app: FastAPI, vault: Any, sealed: Any) -> str | None:
    found: dict[Any, str | None] = await vault.open(app.state.database.rows, [sealed])
    return found[sealed]


async def test_what_was_sealed_is_opened(app: FastAPI, settings: Settings) -> None:
    ours = vault(settings, master())

    sealed = await seal(app, ours, "Alice Adams")

    assert "Alice" not in sealed.text
    assert await opened(app, ours, sealed) == "Alice Adams"


async def test_the_same_words_look_different_every_time(app: FastAPI, settings: Settings) -> None:
    ours = vault(settings, master())

    texts = {(await seal(app, ours, "Alice Adams")).text for _ in range(5)}

    assert len(texts) == 5


async def test_without_our_key_it_cannot_be_read_and_does_not_look_erased(
    app: FastAPI, settings: Settings
) -> None:
    sealed = await seal(app, vault(settings, master()), "Alice Adams")

    with pytest.raises(event_store.UnreadableKeyError):
        await opened(app, vault(settings, master()), sealed)


async def test_data_of_one_subject_does_not_pass_for_that_of_another(
    app: FastAPI, settings: Settings
) -> None:
    ours = vault(settings, master())
    sealed = await seal(app, ours, "Alice Adams")
    await seal(app, ours, "Bob", subject="bob")

    with pytest.raises(event_store.UnreadableKeyError):
        await opened(app, ours, replace(sealed, subject="bob"))


async def test_our_key_can_be_changed(app: FastAPI, settings: Settings) -> None:
    old, new = master(), master()
    sealed = await seal(app, vault(settings, old), "Alice Adams")

    both = vault(settings, new, old)
    before = await opened(app, both, sealed)
    async with UnitOfWork(app.state.database) as unit:
        count = await both.reseal(unit.session)

    assert (before, count) == ("Alice Adams", 1)
    assert await opened(app, vault(settings, new), sealed) == "Alice Adams"


async def test_an_erased_key_does_not_come_back(app: FastAPI, settings: Settings) -> None:
    ours = vault(settings, master())
    sealed = await seal(app, ours, "Alice Adams")

    async with UnitOfWork(app.state.database) as unit:
        await ours.erase(unit.session, subject="alice")
    later = await seal(app, ours, "Alice Again")

    assert [await opened(app, ours, each) for each in (sealed, later)] == [None, None]


@pytest.mark.parametrize("key", ["short", "nichtnur" * 8, base64.b64encode(b"x" * 31).decode()])
def test_a_key_that_is_none_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    name = config.variable(type(settings), "personal_data_keys")
    monkeypatch.setenv(name, key)

    with pytest.raises(config.BadConfigurationError, match="32 bytes"):
        config.load(type(settings))
