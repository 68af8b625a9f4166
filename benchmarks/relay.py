"""Relays before servers on loopback that hold back what they pass on, as a network does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def relays(hosts: Sequence[str], trip: float) -> Iterator[list[str]]:
    """Yield a host:port for each of *hosts*, by which a round trip to it takes *trip* seconds longer."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> list[asyncio.Server]:
        return [await _relay(host, trip / 2) for host in hosts]

    servers = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield [f"127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in servers]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _relay(host: str, delay: float) -> asyncio.Server:
    name, _, port = host.rpartition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection begins with a round trip of its own.
        await asyncio.sleep(2 * delay)
        there, back = await asyncio.open_connection(name, int(port))
        await asyncio.gather(_pass(reader, back, delay), _pass(there, writer, delay))

    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(65536):
            await asyncio.sleep(delay)
            writer.write(part)
            await writer.drain()
        writer.close()
