# Sealed: an update replaces this file.
"""What somebody else may have put at a broker: nothing of it is as the services write it."""

import sqlite3
import time
from contextlib import closing
from urllib.parse import urlsplit

_BODY = b"\xff not an event"


async def put(url: str, topic: str) -> None:
    """Into the first partition of the topic."""
    match urlsplit(url).scheme:
        case "amqp":
            await _rabbitmq(url, topic)
        case "nats":
            await _nats(url, topic)
        case "redis":
            await _redis(url, topic)
        case "kafka":
            await _kafka(url, topic)
        case "sqlite":
            _embedded(url, topic)


async def _rabbitmq(url: str, topic: str) -> None:
    from aio_pika import Message, connect

    async with await connect(url) as connection, connection.channel() as channel:
        exchange = await channel.get_exchange(topic)
        message = Message(_BODY, headers={"key": 7, "x-delivery-count": "many"})
        await exchange.publish(message, routing_key="0")


async def _nats(url: str, topic: str) -> None:
    import nats

    client = await nats.connect(url)
    await client.publish(f"{topic}.0", _BODY, headers={"Event-Key": "%ff"})
    await client.close()


async def _redis(url: str, topic: str) -> None:
    from redis.asyncio import Redis

    async with Redis.from_url(url) as client:
        await client.xadd(f"{topic}.0", {"key": b"\xff"})


async def _kafka(url: str, topic: str) -> None:
    from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

    async with AIOKafkaProducer(bootstrap_servers=urlsplit(url).netloc) as producer:
        await producer.send_and_wait(topic, None, key=b"\xff", partition=0)
        await producer.send_and_wait(topic, _BODY, partition=0, headers=[("other", b"\xff")])


def _embedded(url: str, topic: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        query = "INSERT INTO log (topic, slot, key, id, body, at) VALUES (?, 0, '', '', ?, ?)"
        connection.execute(query, (topic, _BODY, time.time()))
        connection.commit()
