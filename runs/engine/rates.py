"""Rate limits that all workers keep together: a row of the database says when the last calls were
let through, so that nothing is asked of Redis and a restart forgets nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now

from runs.models import RateLimit

MINUTE_S = 60.0
# How many calls a row remembers; faster rates are kept in shorter pieces of the minute.
REMEMBERED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most so many calls a minute, counted under `key`; `told` names what is limited."""

    key: str
    per_minute: int
    told: str


@transaction.atomic
def claim(rate: Rate) -> float:
    """Let one call through, now or later; return the seconds until it may begin.

    A sliding window: of any 61 calls (or `per_minute` + 1) the first and the last are a window
    apart, whoever makes them. The place is taken even if the caller is lost.
    """
    RateLimit.objects.get_or_create(key=rate.key)
    now_by_database = ExpressionWrapper(Now(), output_field=DateTimeField())
    row = RateLimit.objects.select_for_update().annotate(now=now_by_database).get(key=rate.key)
    moment: datetime = row.now
    now = moment.timestamp()
    most = min(rate.per_minute, REMEMBERED)
    window = MINUTE_S * most / rate.per_minute
    before: list[float] = row.begun
    begins = max(now, before[-most] + window) if len(before) >= most else now
    row.begun = [*before, round(begins, 3)][-REMEMBERED:]
    row.save(update_fields=["begun"])
    return round(max(0.0, begins - now), 3)
