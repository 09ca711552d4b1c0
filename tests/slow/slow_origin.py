#!/usr/bin/env python3
"""The origin of the slow ones: takes bodies, never ends, never answers.

    slow_origin.py        prints its port; ends with standard input

/endless answers with a body that does not end, /stall not at all, /take reads
the whole body first, many octets at a time: waking for each of them would cost
the client that measures its processor.
"""

import asyncio
import resource
import socket
import sys

PIECE = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"


async def endless(writer):
    # Kernel memory of the origin's is not what is looked at here.
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(PIECE)
        await writer.drain()


async def serve(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /endless "):
            await endless(writer)
        elif head.startswith(b"POST /take "):
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVLOWAT, 4096)
            await reader.readexactly(1 << 20)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            await reader.read()  # until the gate gives up
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
