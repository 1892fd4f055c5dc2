"""The socket on which the hub listens."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from agent_core.hub import address


def test_answers_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    """What asyncio accepts on the hub's socket has Nagle's delay off."""

    async def scenario() -> int:
        listening = address.listen(tmp_path, 0)
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sock = writer.get_extra_info("socket")
            found.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        server = await asyncio.start_server(accepted, sock=listening)
        async with server:
            _, writer = await asyncio.open_connection(*listening.getsockname())
            answer = await asyncio.wait_for(found, 10)
            writer.close()
            return answer

    assert asyncio.run(scenario()) != 0
