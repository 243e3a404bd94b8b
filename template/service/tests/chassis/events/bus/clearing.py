# Sealed: an update replaces this file.
"""What a test leaves at a broker goes with it: some servers stall under hundreds of queues."""

from collections.abc import Iterable
from urllib.parse import urlsplit

_SLOTS = 8


async def clear(url: str, topic: str, groups: Iterable[str]) -> None:
    match urlsplit(url).scheme:
        case "amqp":
            await _rabbitmq(url, topic, groups)
        case "nats":
            await _nats(url, topic)
        case "redis":
            await _redis(url, topic)


async def _rabbitmq(url: str, topic: str, groups: Iterable[str]) -> None:
    from aio_pika import connect

    async with await connect(url) as connection, connection.channel() as channel:
        for group in groups:
            for slot in range(_SLOTS):
                await channel.queue_delete(f"{topic}.{group}.{slot}")
        await channel.queue_delete(f"{topic}.partitions")
        await channel.exchange_delete(topic)


async def _nats(url: str, topic: str) -> None:
    import nats
    from nats.js.errors import NotFoundError

    client = await nats.connect(url)
    try:
        await client.jetstream().delete_stream(topic)
    except NotFoundError:
        pass
    finally:
        await client.close()


async def _redis(url: str, topic: str) -> None:
    from redis.asyncio import Redis

    async with Redis.from_url(url) as client:
        await client.delete(f"{topic}.partitions", *(f"{topic}.{n}" for n in range(_SLOTS)))
