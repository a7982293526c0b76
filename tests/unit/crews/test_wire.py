"""How the REST API tells errors."""

from django.db import OperationalError

from crews.rest.wire import refusal_of


def test_a_database_that_does_not_answer_is_no_fault_of_the_request() -> None:
    status, body = refusal_of(OperationalError("database is locked"))
    assert status == 503
    assert body.error.message == "The database does not answer just now. Try again."
