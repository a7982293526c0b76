"""Files become passages of text."""

import pytest

from resources.errors import DocumentRefused
from resources.markup import html_text
from resources.passages import MAX_BYTES, SIZE, Piece, kind_of, pieces_of

GUIDE = """Before all.

# Guide
First things.
## Set-up ##
Install it.

```
# no heading
```
# End
Bye.
"""


def test_markdown_stays_within_its_headings() -> None:
    assert pieces_of("markdown", GUIDE.encode()) == [
        Piece("", "Before all."),
        Piece("Guide", "First things."),
        Piece("Guide › Set-up", "Install it.\n\n```\n# no heading\n```"),
        Piece("End", "Bye."),
    ]


def test_rows_carry_the_names_of_their_columns() -> None:
    table = "name;price\n" + "\n".join(f"Part {n};{n}.50" for n in range(1, 101))
    pieces = pieces_of("csv", table.encode())
    assert pieces[0].text.startswith("name: Part 1; price: 1.50\nname: Part 2")
    assert pieces[0].heading.startswith("Rows 1–")
    assert pieces[-1].text.endswith("name: Part 100; price: 100.50")
    assert all(len(piece.text) <= SIZE for piece in pieces)


def test_values_carry_their_paths() -> None:
    (piece,) = pieces_of("json", b'{"orders": [{"total": 12, "by": "Ann"}], "none": null, "e": {}}')
    assert piece.text == "orders.0.total: 12\norders.0.by: Ann\nnone: null\ne: {}"


def test_a_long_text_is_cut_where_sentences_end() -> None:
    text = "This is a sentence of some length. " * 3_000
    pieces = pieces_of("text", text.encode())
    assert all(piece.text.endswith(".") and len(piece.text) <= SIZE for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == text.strip()
    assert [len(p.text) for p in pieces_of("text", b"x" * (2 * SIZE + 5))] == [SIZE, SIZE, 5]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\ufeffGrüße".encode(), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße".encode("cp1252"), "Grüße"),
        (b"a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert pieces_of("text", data) == [Piece("", text)]


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("text", b"", "no text"),
        ("text", b" \n\n\t", "no text"),
        ("html", b"<script>x</script>", "no text"),
        ("text", b"PK\0\0", "no text file"),
        ("text", b"x" * (MAX_BYTES + 1), "larger than 5 MiB"),
        ("json", b"{", "not valid JSON"),
        ("json", b"[" * 5000, "nested deeper"),
        ("json", b'{"a": 1, "a": 2}', "twice"),
        ("csv", b'a,b\n"' + b"x" * 200_000, "no table"),
        ("text", b"x\n\n" * 40 * 1200, None),
    ],
)
def test_what_cannot_be_read_is_refused(kind: str, data: bytes, why: str | None) -> None:
    if why is None:
        assert pieces_of(kind, data)
        return
    with pytest.raises(DocumentRefused, match=why):
        pieces_of(kind, data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("csv", b"x" * 100_000 + b"\n" + b"y\n" * 20_000),
        ("json", b'{"' + b"k" * 100_000 + b'": [' + b"1," * 20_000 + b"1]}"),
        ("json", b'{"a":' * 60 + b"[" + b"1," * 20_000 + b"1]" + b"}" * 60),
    ],
)
def test_a_small_file_does_not_become_a_large_text(kind: str, data: bytes) -> None:
    made = sum(len(piece.text) for piece in pieces_of(kind, data))
    assert 20_000 < made < 120 * 20_001


def test_empty_rows_are_counted_and_not_kept() -> None:
    (piece,) = pieces_of("csv", b"a,b\n\n,\n1,2\n\n3,4\n\n")
    assert piece == Piece("Rows 3–6", "a: 1; b: 2\na: 3; b: 4")


def test_names_say_what_a_file_is() -> None:
    assert [kind_of(name) for name in ("a.MD", "b.c.csv", "d.htm")] == ["markdown", "csv", "html"]
    for name in ("a.exe", "noending", "a.pdf", ".txt"):
        with pytest.raises(DocumentRefused):
            kind_of(name)


def test_markup_that_hides_things_or_goes_deep() -> None:
    assert html_text("<p>a<script><p>b</script>c</p>")[1] == "ac"
    assert html_text("<title>T&lt;</title><p>&lt;b&gt; &amp;amp;")[:2] == ("T<", "<b> &amp;")
    assert html_text("<div>" * 50_000 + "deep" + "</div>" * 50_000)[1] == "deep"
    assert html_text("<" * 100_000)[0] == ""
    assert html_text("<SCRIPT>a()</SCRIPT><p>İstanbul")[1] == "İstanbul"


def test_a_large_page_is_read_to_its_end() -> None:
    data = b"<p>word</p>" * 300_000 + b"<p>the last</p>"
    assert pieces_of("html", data)[-1].text.endswith("the last")
