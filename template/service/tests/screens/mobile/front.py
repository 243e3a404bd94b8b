"""How tests come in as somebody."""

import httpx2
from fastapi import FastAPI

from ...conftest import Token


async def sign_in(client: httpx2.AsyncClient, _: FastAPI, token: Token, subject: str) -> None:
    """From here on, the client is this user's."""
    client.headers["authorization"] = f"Bearer {token(sub=subject)}"
