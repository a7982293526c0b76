"""What commands do in their own process: as whom, and driving a run through the same engine as a
worker's."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from runs.engine import lease
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.errors import BadRequest
from runs.journal import store
from runs.journal.entries import Entry
from sandbox.docker_driver import DockerDriver
from teams.models import Team, User
from teams.services import owner, owner_create_first, team_create_personal


def person_here() -> tuple[User, Team]:
    """Return as whom a command works, the owner, and their own team. A new data folder gets both.

    Raises BadRequest where there are people but no owner.
    """
    user = owner() or owner_create_first()
    if user is None:
        raise BadRequest("There is nobody to run this as; sign up in the app first.")
    team = Team.objects.filter(personal_of=user).first()
    return user, team or team_create_personal(user=user)


async def drive_here(run: str, token: str, show: Callable[[Entry], None]) -> None:
    """Drive a run, owned by a lease's token, until it has ended or waits, and show each of its
    entries."""
    machine = Machine(driver=DockerDriver())
    news = asyncio.Event()
    drive = Drive(machine, run, token=token)
    drive.on_written = news.set
    beat = asyncio.ensure_future(_beat(machine, drive))
    work = asyncio.ensure_future(drive.go())
    work.add_done_callback(lambda _: news.set())
    seen = 0
    try:
        while True:
            over = work.done()
            news.clear()
            for entry in await machine.read(partial(store.read, run, seen)):
                show(entry)
                seen = entry.seq
            if over:
                break
            await news.wait()
        work.result()
    finally:
        beat.cancel()
        if not work.done():
            drive.stop()
            with suppress(Exception):
                await work
            await drive.hand_over()
        await machine.close()


async def _beat(machine: Machine, drive: Drive) -> None:
    while True:
        await asyncio.sleep(lease.HEARTBEAT_S)
        if drive.token and not await machine.writer.call(lambda: lease.renew([drive.token])):
            drive.lose()
