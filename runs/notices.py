"""Messages about questions: by e-mail to who is asked, and to the team's webhook.

Both are made from the database alone: a question that nobody was told of gets its notices, a
notice that is due is sent and, where that fails, is due again later. A message that is lost
changes nothing; the question stands in the inbox.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from smtplib import SMTPException
from typing import Any, Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from runs import approvals, webhook
from runs.models import Notice, Question
from teams.errors import CredentialUnreadable
from teams.models import Team, User, Webhook
from teams.permissions import can
from teams.services import webhook_secret

Json = Any
log = structlog.get_logger(__name__)
ASKED: Final = "question.asked"
TEST: Final = "test"
AT_ONCE: Final = 50
SIDE_BY_SIDE: Final = 8
# Seconds until a message is tried again; after the last it counts as failed.
BACKOFF_S: Final = (10, 60, 300, 1_800, 7_200, 21_600, 43_200)


def notices_send() -> None:
    """Make notices of new questions, then send what is due."""
    _tell_new()
    _send_due()


def question_url(question: Question) -> str:
    """Return the address of a question in the inbox, for people outside the app."""
    origin = settings.PUBLIC_ORIGINS[0].rstrip("/")
    return f"{origin}{reverse('runs:inbox')}?run={question.run_id}&question={question.action}"


def asked_by_mail(question: Question) -> User | None:
    """Return who is written to: the assignee if that is a member, else who started the run; nobody
    where they want no mail or may not see the run any more."""
    user = question.run.started_by
    if question.assignee:
        user = User.objects.filter(email=question.assignee).first() or user
    if user is None or not user.mail_questions or not can(user, "runs.view", question.team):
        return None
    return user


def _tell_new() -> None:
    new = Question.objects.filter(closed_at=None, told_at=None)
    new = new.select_related("run__started_by", "team__webhook").order_by("pk")
    for question in new[:AT_ONCE]:
        with transaction.atomic():
            mine = Question.objects.filter(pk=question.pk, told_at=None)
            if mine.update(told_at=timezone.now()):
                Notice.objects.bulk_create(_notices(question), ignore_conflicts=True)


def _notices(question: Question) -> list[Notice]:
    to: list[tuple[str, str]] = []
    if settings.MAIL_IS_SENT and (user := asked_by_mail(question)) is not None:
        to.append(("email", user.email))
    if (hook := getattr(question.team, "webhook", None)) is not None:
        to.append(("webhook", hook.url))
    return [
        Notice(
            team=question.team,
            question=question,
            channel=channel,
            address=address,
            due_at=timezone.now(),
        )
        for channel, address in to
    ]


def _send_due() -> None:
    due = Notice.objects.filter(state="waiting", due_at__lte=timezone.now()).order_by("due_at")
    mine: list[Notice] = []
    related = ("question__run__version", "question__run__started_by", "question__team__webhook")
    for notice in due.select_related(*related)[:AT_ONCE]:
        wait = BACKOFF_S[min(notice.attempts, len(BACKOFF_S) - 1)]
        # Whoever counts the attempt makes it; should it be lost, the notice is due again.
        claimed = Notice.objects.filter(
            pk=notice.pk, state="waiting", attempts=notice.attempts
        ).update(attempts=notice.attempts + 1, due_at=timezone.now() + timedelta(seconds=wait))
        if claimed:
            notice.attempts += 1
            mine.append(notice)
    if mine:
        # Side by side, so that a team whose system is slow does not keep the others waiting.
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(mine))) as threads:
            list(threads.map(_send, mine))


def _send(notice: Notice) -> None:
    try:
        _attempt(notice)
    finally:
        connection.close()


def _attempt(notice: Notice) -> None:
    told = approvals.told([notice.question])
    if notice.question.closed_at is not None or not told:
        _note(notice, "dropped", "The question was settled before.")
        return
    try:
        answer = _mail(notice, told[0]) if notice.channel == "email" else _post(notice, told[0])
    except (webhook.WebhookRefused, CredentialUnreadable) as refused:
        _note(notice, "failed", str(refused))
    except (webhook.WebhookFailed, SMTPException, OSError) as error:
        given_up = notice.attempts >= len(BACKOFF_S)
        _note(notice, "failed" if given_up else "waiting", str(error) or type(error).__name__)
    else:
        _note(notice, "sent", answer)


def _note(notice: Notice, state: str, answer: str) -> None:
    sent = {"sent_at": timezone.now()} if state == "sent" else {}
    Notice.objects.filter(pk=notice.pk).update(
        state=state, answer=answer.replace("\0", "")[:300], **sent
    )
    log.info("notice", channel=notice.channel, state=state, attempt=notice.attempts)


def _mail(notice: Notice, asked: Json) -> str:
    subject = " ".join(f"{asked['role']} asks: {asked['question']}".split())
    text = render_to_string(
        "runs/mail/question.txt", {"asked": asked, "url": question_url(notice.question)}
    )
    # Dates and the like are not escaped in text; neither does anything in it go into a header.
    EmailMessage(subject=f"Callsheet: {subject}"[:160], body=text, to=[notice.address]).send()
    return "handed to the mail server"


def _post(notice: Notice, asked: Json) -> str:
    hook = getattr(notice.team, "webhook", None)
    if hook is None or hook.url != notice.address:
        raise webhook.WebhookRefused("The webhook was changed or removed.")
    message = {
        "event": ASKED,
        "delivery": str(notice.pk),
        "team": notice.team.slug,
        "url": question_url(notice.question),
        "question": {name: asked[name] for name in _TOLD},
    }
    status = webhook.post(hook.url, webhook_secret(hook), ASKED, str(notice.pk), message)
    return f"answered {status}"


# What a webhook is told; what the question is about is read over REST.
_TOLD: Final = (
    "run",
    "action",
    "crew",
    "title",
    "rehearsal",
    "agent",
    "role",
    "question",
    "reason",
    "choices",
    "assignee",
    "asked_at",
    "deadline",
    "default",
)


def webhook_try(team: Team) -> tuple[bool, str]:
    """Send a team's webhook a test and say how it went."""
    hook = Webhook.objects.filter(team=team).first()
    if hook is None:
        return False, "There is no webhook to test."
    delivery = str(uuid4())
    message = {"event": TEST, "delivery": delivery, "team": team.slug}
    try:
        status = webhook.post(hook.url, webhook_secret(hook), TEST, delivery, message)
    except (webhook.WebhookRefused, webhook.WebhookFailed, CredentialUnreadable) as error:
        return False, f"The test was not taken. {error}"
    return True, f"The test was taken: answered {status}."
