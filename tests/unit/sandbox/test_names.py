"""Labels travel in container names."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sandbox.names import is_waiting, labels_in, name_with, new_name, waiting_name

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.dictionaries(TEXT, TEXT, max_size=6))
def test_labels_come_back(labels):
    name = name_with(labels)
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name)
    assert labels_in(name) == labels
    assert not is_waiting(name)


@given(TEXT)
def test_other_names_carry_nothing(text):
    assert labels_in(text) == {}
    assert labels_in(f"callsheet-1-{text}") == {}


def test_names_are_told_apart():
    assert is_waiting(waiting_name())
    assert not is_waiting(new_name())
    assert labels_in(new_name()) == labels_in(waiting_name()) == {}
    assert new_name() != new_name()
