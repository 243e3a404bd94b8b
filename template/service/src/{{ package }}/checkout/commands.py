"""Commands of the slice: `checkout sample`."""

import argparse
import asyncio
import sys
from contextlib import suppress
from typing import Any


def add(commands: Any) -> None:
    summary = "Start something to check out with."
    checkout = commands.add_parser("checkout", help=summary, description=summary)
    actions = checkout.add_subparsers(required=True, metavar="ACTION")
    told = "Start a small stock and a small ledger for a first look."
    sample = actions.add_parser("sample", help=told, description=told)
    sample.add_argument("--stock-port", type=int, default=8001, help="(%(default)s)")
    sample.add_argument("--ledger-port", type=int, default=8002, help="(%(default)s)")
    sample.set_defaults(action=_sample)


def _sample(options: argparse.Namespace, _: type[Any], __: str) -> int:
    import uvicorn

    from . import sample

    async def serve() -> None:
        servers = [
            uvicorn.Server(
                uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
            ).serve()
            for app, port in (
                (sample.stock(), options.stock_port),
                (sample.ledger(), options.ledger_port),
            )
        ]
        await asyncio.gather(*servers)

    sys.stdout.write(f"stock on {options.stock_port}, ledger on {options.ledger_port}\n")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve())
    return 0
