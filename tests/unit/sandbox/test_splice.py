"""Bytes are carried to their end, no faster than they are taken, and no more than they may."""

import asyncio
import socket

from sandbox.splice import Carried, Pace, Pair, splice


async def pair() -> tuple[Pair, Pair]:
    one, two = socket.socketpair()
    return await asyncio.open_connection(sock=one), await asyncio.open_connection(sock=two)


async def spliced(**limits: object) -> tuple[Pair, Pair, Carried, asyncio.Task[None]]:
    """Return the outer ends of two connections whose inner ends are spliced."""
    asking, inner = await pair()
    outer, answering = await pair()
    carried = Carried()
    task = asyncio.create_task(splice(inner, outer, carried, **{"idle_s": 5.0, **limits}))  # type: ignore[arg-type]
    return asking, answering, carried, task


async def test_both_ways_and_to_the_end():
    asking, answering, carried, task = await spliced()
    asking[1].write(b"question")
    asking[1].write_eof()
    assert await answering[0].read() == b"question"
    answering[1].write(b"the answer")
    answering[1].close()
    assert await asking[0].read() == b"the answer"
    await task
    assert (carried.up, carried.down) == (8, 10)
    asking[1].close()


async def test_silence_ends_it():
    asking, answering, _, task = await spliced(idle_s=0.1)
    async with asyncio.timeout(5):
        await task
    assert await asking[0].read() == b""
    assert await answering[0].read() == b""
    for _, writer in (asking, answering):
        writer.close()


async def test_too_many_bytes_end_it():
    asking, answering, carried, task = await spliced(most=1000)
    answering[1].write(b"x" * 5000)
    async with asyncio.timeout(5):
        await task
    assert await asking[0].read() == b""
    assert carried.down > 1000
    for _, writer in (asking, answering):
        writer.close()


async def test_a_pace_is_shared_by_all_that_have_it():
    loop = asyncio.get_running_loop()
    pace, began = Pace(1000), loop.time()
    await asyncio.gather(*(pace.take(200) for _ in range(8)))
    assert loop.time() - began > 0.5  # a second's worth went at once
