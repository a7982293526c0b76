"""Messages about questions: whom they reach, that they are signed, and that losing one loses
nothing."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from runs import webhook
from runs.models import Notice, Question
from runs.notices import notices_send
from teams.models import User, Webhook
from teams.services import mail_choose, membership_set, user_create, webhook_set
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import desk
from tests.integration.runs.playing import Played, Stage
from tests.integration.runs.test_approvals import asking, decide, opened

Json = Any


@dataclass
class Receiver:
    """A team's own system: it answers with `statuses` in turn, then with 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append((dict(self.headers), body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?from=callsheet"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A receiver on this machine, which an installation of one's own may send to."""
    settings.WEBHOOKS_INSIDE = True
    with receiving() as made:
        yield made


def ask(stage: Stage, **fields: Json) -> Played:
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(asking("Shall I send it?"),))),
        Rule(reply=Reply(text="done")),
    ]
    lead = {"tools": ["ask_human"], "title": "Sender\r\nBcc: eve@example.com"}
    return stage.play(desk(lead=lead, **fields))


def due_now() -> None:
    Notice.objects.filter(state="waiting").update(due_at=timezone.now())


class TestMail:
    @pytest.fixture(autouse=True)
    def mail_is_sent(self, settings: Settings) -> None:
        settings.MAIL_IS_SENT = True

    def test_who_started_the_run_is_written_to_once(self, stage: Stage) -> None:
        played = ask(stage)
        notices_send()
        notices_send()
        (message,) = mail.outbox
        assert message.to == ["ada@example.com"]
        assert "Shall I send it?" in message.body
        assert f"/inbox/?run={played.run.pk}" in message.body
        assert "\n" not in message.subject
        assert not message.bcc
        (notice,) = Notice.objects.all()
        assert (notice.state, notice.channel) == ("sent", "email")

    def test_the_assignee_comes_before_who_started_the_run(self, stage: Stage) -> None:
        grace = user_create(email="grace@example.com")
        membership_set(user=grace, team=stage.team, role="runner")
        ask(stage, escalation={"assignee": "Grace@example.com", "deadline_s": 60, "default": "no"})
        notices_send()
        (message,) = mail.outbox
        assert message.to == ["grace@example.com"]
        assert 'then the choice is "no"' in message.body

    def test_nobody_outside_the_team_hears_of_it(self, stage: Stage) -> None:
        user_create(email="eve@example.com")
        ask(stage, escalation={"assignee": "eve@example.com"})
        notices_send()
        assert mail.outbox == []

    def test_mail_can_be_turned_off(self, stage: Stage) -> None:
        mail_choose(user=stage.user, wanted=False)
        ask(stage)
        notices_send()
        assert mail.outbox == []
        assert Question.objects.get().told_at is not None


def test_a_webhook_gets_a_signed_message(stage: Stage, receiver: Receiver) -> None:
    secret = webhook_set(team=stage.team, url=receiver.url)
    assert secret is not None
    played = ask(stage)
    notices_send()
    ((headers, body),) = receiver.received
    told = dict(part.split("=") for part in headers["Callsheet-Signature"].split(","))
    wanted = hmac.new(secret.encode(), f"{told['t']}.".encode() + body, hashlib.sha256)
    assert told["v1"] == wanted.hexdigest()
    message = json.loads(body)
    assert message["event"] == headers["Callsheet-Event"] == "question.asked"
    assert message["question"]["question"] == "Shall I send it?"
    assert message["question"]["run"] == str(played.run.pk)
    assert message["delivery"] == headers["Callsheet-Delivery"]
    assert secret not in Webhook.objects.get().sealed


def test_what_is_not_taken_is_sent_again_later(stage: Stage, receiver: Receiver) -> None:
    webhook_set(team=stage.team, url=receiver.url)
    receiver.statuses = [500, 302]
    ask(stage)
    notices_send()
    notice = Notice.objects.get()
    assert notice.state == "waiting"
    assert notice.due_at > timezone.now()
    assert "500" in notice.answer
    notices_send()
    assert len(receiver.received) == 1
    due_now()
    notices_send()
    assert len(receiver.received) == 2, "a redirect is not followed"
    due_now()
    notices_send()
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 3)
    deliveries = {headers["Callsheet-Delivery"] for headers, _ in receiver.received}
    assert deliveries == {str(notice.pk)}


def test_many_workers_send_it_once(stage: Stage, receiver: Receiver) -> None:
    webhook_set(team=stage.team, url=receiver.url)
    ask(stage)

    def send(_: int) -> None:
        try:
            notices_send()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(send, range(6)))
    assert len(receiver.received) == 1


def test_of_a_settled_question_nothing_is_sent(stage: Stage, receiver: Receiver) -> None:
    webhook_set(team=stage.team, url=receiver.url)
    receiver.statuses = [500]
    played = ask(stage)
    notices_send()
    (question,) = opened(played)
    decide(stage, played, question, "yes")
    due_now()
    notices_send()
    assert Notice.objects.get().state == "dropped"
    assert len(receiver.received) == 1


def test_a_receiver_that_answers_too_slowly_is_given_up(settings: Settings) -> None:
    settings.WEBHOOKS_INSIDE = True
    gone = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while not gone.wait(0.05):
                with suppress(OSError):
                    connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(webhook.WebhookFailed):
            webhook.post(url, "secret", "test", "1", {}, deadline_s=0.5)
        gone.set()
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "http://user:word@example.com/",
        "http://exa mple.com/",
        "nowhere",
    ],
)
def test_in_production_no_address_of_our_own_is_reached(
    stage: Stage, receiver: Receiver, settings: Settings, url: str
) -> None:
    settings.WEBHOOKS_INSIDE = False
    url = url.format(port=receiver.url.split(":")[2].split("/")[0])
    client = Client()
    client.force_login(stage.user, "django.contrib.auth.backends.ModelBackend")
    answer = client.post("/settings/notifications/webhook/", {"url": url})
    assert answer.status_code == 422
    assert not Webhook.objects.exists()
    # Stored before the installation was closed to such addresses: nothing leaves either.
    webhook_set(team=stage.team, url=url)
    ask(stage)
    notices_send()
    assert Notice.objects.get().state == "failed"
    assert receiver.received == []


def test_the_page_shows_the_secret_once_and_the_log(stage: Stage, receiver: Receiver) -> None:
    client = Client()
    client.force_login(stage.user, "django.contrib.auth.backends.ModelBackend")
    page = "/settings/notifications/"
    assert "whsec_" in client.post(f"{page}webhook/", {"url": receiver.url}).content.decode()
    assert client.post(f"{page}webhook/", {"url": receiver.url}).status_code == 302
    assert "whsec_" not in client.get(page).content.decode()
    client.post(f"{page}webhook/test/")
    ((headers, _),) = receiver.received
    assert headers["Callsheet-Event"] == "test"
    ask(stage)
    notices_send()
    assert "answered 200" in client.get(page).content.decode()
    client.post(f"{page}mail/", {})
    assert not User.objects.get(pk=stage.user.pk).mail_questions
    client.post(f"{page}webhook/delete/")
    assert not Webhook.objects.exists()
