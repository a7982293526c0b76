"""What Celery calls: interfaces like views, which only pass on."""

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from runs.engine.host import host


@shared_task(name="runs.drive", ignore_result=True)  # type: ignore[untyped-decorator]
def drive(run: str) -> None:
    """Drive a run that may have work."""
    host().drive(run)


@worker_ready.connect  # type: ignore[untyped-decorator]
def start(**_: object) -> None:
    """Begin to look for runs as soon as the worker is up, also when no message ever comes."""
    host()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def stop(**_: object) -> None:
    """Hand the runs over before the worker goes."""
    host().stop()
