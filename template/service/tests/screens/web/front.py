"""How a test signs in with this kind of client: at the provider for development."""

from urllib.parse import parse_qs, urlsplit

import httpx2
from fastapi import FastAPI

from ...conftest import Token


async def sign_in(client: httpx2.AsyncClient, _: FastAPI, __: Token, subject: str) -> None:
    sent = await client.get("/login", params={"next": "/session"})
    [state] = parse_qs(urlsplit(sent.headers["location"]).query)["state"]
    form = {"name": subject, "state": state}
    back = await client.post("/login/development", data=form, follow_redirects=True)
    client.headers["x-csrf-token"] = back.json()["csrf_token"]
