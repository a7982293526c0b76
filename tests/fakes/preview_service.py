"""A small HTTP service with every manner that a preview must cope with; runs in a sandbox."""

import asyncio
import base64
import hashlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PLAIN = {
    "/": "HTTP/1.1 200 OK\r\nSet-Cookie: own=1; Domain=localhost\r\nContent-Length: 5\r\n\r\nhello",
    "/away": "HTTP/1.1 302 Found\r\nLocation: http://localhost:7100/there?x=1\r\n"
    "Content-Length: 0\r\n\r\n",
    "/rude": "this is no HTTP at all\r\n\r\n",
    "/smuggle": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "/again": "HTTP/1.1 100 Continue\r\n\r\n" * 1_000 + "HTTP/1.1 200 OK\r\n\r\n",
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ")[1]
    fields = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:] if line)
    if path in PLAIN:
        writer.write(PLAIN[path].encode())
    elif path == "/head":
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(head)}\r\n\r\n{head}".encode())
    elif path == "/echo":
        body = await reader.readexactly(int(fields["content-length"]))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    elif path == "/events":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(3):
            writer.write(f"data: {number}\n\n".encode())
            await writer.drain()
        await asyncio.sleep(3600)
    elif path == "/flood":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    elif path == "/hang":
        await asyncio.sleep(3600)
    elif path == "/socket":
        await speak(head, reader, writer)
    await writer.drain()
    writer.close()


async def speak(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a websocket and say one short message back."""
    lines = [line for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key")]
    digest = hashlib.sha1((lines[0].split(": ")[1] + GUID).encode()).digest()  # noqa: S324
    accept = base64.b64encode(digest).decode()
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    size = (await reader.readexactly(2))[1] & 127
    mask = await reader.readexactly(4)
    text = await reader.readexactly(size)
    writer.write(bytes([129, size]) + bytes(b ^ mask[n % 4] for n, b in enumerate(text)))
    await writer.drain()
    await reader.read()


async def main() -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", 7100) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
