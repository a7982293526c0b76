"""Answers as HTML: what models mean, and nothing that acts."""

from crews.titles import title_of
from runs.markdown import LONGEST, markdown_html


def test_a_line_break_of_a_model_is_one() -> None:
    assert "One<br>\ntwo" in markdown_html("One\ntwo")
    assert markdown_html("- a\n- b").count("<li>") == 2


def test_nothing_in_an_answer_acts_or_is_fetched() -> None:
    html = markdown_html(
        "<script>x()</script> ![i](https://example.org/i.png) [a](javascript:x()) [b](https://b.org)"
    )
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert markdown_html("<b>" + "x" * LONGEST).startswith("<pre>&lt;b&gt;")


def test_a_role_without_a_title_is_called_by_its_readable_name() -> None:
    assert title_of("fact_checker") == "Fact checker"
    assert title_of("lead", "Team lead") == "Team lead"
    assert title_of("") == ""
