# SPDX-License-Identifier: MIT
"""The search index beside a plain scan of the same texts: the same words, phrases and beginnings, and nothing else."""

import random
import sqlite3
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.store.search import Filters, SearchStore
from opencode_nexus.store.search_query import Term, beginning, parse
from opencode_nexus.store.search_rows import Document, Facts, Rows
from opencode_nexus.store.search_snippet import BEFORE, WIDTH, _start, snippet
from opencode_nexus.store.search_words import pieces, words

pytestmark = pytest.mark.anyio

WORDS = (
    "error file path getUserName set_key HTTPServer naïve Ärger Straße 数据库 検索 테스트 привет don't v2 utf8 λ x y "
    "src/opencode_nexus/app.py --no-verify [section] 🚀 a b c index rank bm25 snippet hub"
).split()
MESSAGES = 3000


def texts(rng: random.Random) -> list[str]:
    weights = [1 / (n + 1) for n in range(len(WORDS))]
    return [" ".join(rng.choices(WORDS, weights, k=rng.randint(1, 30))) for _ in range(MESSAGES)]


Told = tuple[list[str], list[str]]  # a text's words, and the pieces of its names


def holds(told: Told, term: Term) -> bool:
    """What the index must do, without an index: the words of the text are gone through one by one."""
    return any(_stands(part, term.words, term.prefix) for part in told)


def _stands(told: list[str], phrase: tuple[str, ...], prefix: bool) -> bool:
    if not told or (len(phrase) > 1 and phrase[0] not in told):
        return False
    for at in range(len(told) - len(phrase) + 1):
        there = told[at : at + len(phrase)]
        last = there[-1].startswith(phrase[-1]) if prefix else there[-1] == phrase[-1]
        if last and tuple(there[:-1]) == phrase[:-1]:
            return True
    return False


def scan(kept: dict[str, Told], terms: Iterable[Term]) -> set[str]:
    terms = list(terms)
    return {part for part, told in kept.items() if all(holds(told, term) != term.without for term in terms)}


def session(number: int, server: str = "srv_1", **more: object) -> Facts:
    values = {"parent_id": None, "project": f"/p{number % 3}", "title": f"Chat {number}", "hidden_from": None, **more}
    return Facts(f"ses_{number}", server, created=1_700_000_000_000, updated=1_700_000_000_000, **values)  # type: ignore[arg-type]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SearchStore]:
    opened = SearchStore(tmp_path / "search.db")
    assert await opened.open()
    yield opened
    await opened.close()


async def fill(store: SearchStore, said: list[str]) -> dict[str, Told]:
    """Put each text into one of seven sessions, a second after the other; returns them by part."""
    kept: dict[str, Told] = {}

    def work(rows: Rows) -> None:
        for number in range(7):
            rows.learn(session(number))
        for number, text in enumerate(said):
            part = f"prt_{number:05d}"
            role = ("user", "agent", "tool")[number % 3]
            created = 1_700_000_000_000 + number * 1000
            rows.put(f"ses_{number % 7}", [Document(f"msg_{number:05d}", part, role, "", created, text)])
            kept[part] = (words(text), pieces(text))

    await store.write(work)
    return kept


async def found(store: SearchStore, typed: str, **filters: Any) -> set[str]:
    return {part for _, _, part in await store.ids(parse(typed), Filters(**filters)) if part}


def query(rng: random.Random, said: list[str]) -> str:
    """One or several words, phrases as they stand in a text, beginnings, and what must not be there."""
    asked = []
    for _ in range(rng.randint(1, 3)):
        some = rng.choice(said).split()
        at = rng.randrange(len(some))
        kind = rng.random()
        if kind < 0.3:
            asked.append('"' + " ".join(some[at : at + rng.randint(1, 4)]) + '"')
        elif kind < 0.45:
            asked.append("-" + rng.choice(WORDS))
        elif kind < 0.6:
            asked.append(rng.choice(WORDS)[: rng.randint(1, 5)] + "*")
        elif kind < 0.7:
            asked.append(rng.choice(["user", "name", "UserName", "getusername", "http", "key", "set_k", "数据", "检"]))
        else:
            asked.append(some[at])
    return " ".join(asked)


@pytest.mark.parametrize("seed", [4, 31])
async def test_an_index_finds_exactly_what_a_plain_scan_finds(store: SearchStore, seed: int) -> None:
    rng = random.Random(seed)
    said = texts(rng)
    kept = await fill(store, said)
    hits = 0
    for _ in range(150):
        typed = query(rng, said)
        terms = parse(typed)
        if terms:
            expected = scan(kept, terms)
            assert await found(store, typed) == expected, typed
            hits += bool(expected)
    assert hits > 80


async def test_what_is_changed_and_taken_away_is_found_so(store: SearchStore) -> None:
    rng = random.Random(9)
    said = texts(rng)[:400]
    kept = await fill(store, said)

    def change(rows: Rows) -> None:
        for number in range(0, 400, 3):
            part, new = f"prt_{number:05d}", said[(number * 7) % 400]
            kept[part] = (words(new), pieces(new))
            created = 1_700_000_000_000 + number * 1000
            rows.put(f"ses_{number % 7}", [Document(f"msg_{number:05d}", part, "user", "", created, new)])
        for number in range(1, 400, 5):
            part = f"prt_{number:05d}"
            del kept[part]
            rows.remove_part(f"ses_{number % 7}", f"msg_{number:05d}", part)

    await store.write(change)
    for _ in range(80):
        typed = query(rng, said)
        if terms := parse(typed):
            assert await found(store, typed) == scan(kept, terms), typed


NASTY = [
    '"', "-", '""', "-\"", "*", "a*b", "AND", "OR NOT", "NEAR(a b)", "words:x", "{tags} : a", "tags:a", "(", ")))",
    "^a", "'; DROP TABLE doc; --", "\x00", "a\x00b", "🚀", "-🚀", "\ud800", "a" * 10_000, '"' * 9_999, "- " * 5000,
    "x -x", "+-&&||!(){}[]^\"~*?:\\", "%_%", "é" * 3000, "\u202e evil", "”quoted“",
]  # fmt: skip


@pytest.mark.parametrize("typed", NASTY)
async def test_no_input_is_an_error(store: SearchStore, typed: str) -> None:
    await fill(store, ["alpha beta"])
    for terms in (parse(typed), beginning(parse(typed))):
        await store.find(terms, Filters(project=typed, tool=typed, session_id=typed), 5)
        await store.find(terms, Filters(), 5)


async def test_tags_of_ours_are_no_words(store: SearchStore) -> None:
    await fill(store, ["alpha"])
    for typed in ("s1", "ruser", "a", "c1", "p2"):
        assert not await found(store, typed)


async def test_filters(store: SearchStore) -> None:
    kept = await fill(store, ["same words"] * 40)
    users = {part for number, part in enumerate(kept) if number % 3 == 0}
    assert await found(store, "same", role="user") == users
    assert await found(store, "same", role="nonsense") == set()
    second = {part for number, part in enumerate(kept) if number % 7 in (1, 4)}
    assert await found(store, "same", project="/p1") == second
    assert await found(store, "same", session_id="ses_1") == {p for n, p in enumerate(kept) if n % 7 == 1}
    assert await found(store, "same", server_id="srv_1") == set(kept)
    assert await found(store, "same", server_id="srv_2") == set()
    at = 1_700_000_000
    page = await store.find(parse("same"), Filters(since=at + 10, until=at + 20), 50)
    assert {hit.part_id for hit in page.hits} == {f"prt_{number:05d}" for number in range(10, 20)}


async def test_pages_join_without_a_gap_and_a_title_comes_first(store: SearchStore) -> None:
    await fill(store, ["unusual words", *["unusual"] * 40])
    await store.write(lambda rows: rows.learn(session(8, title="Unusual chat")))
    first = await store.find(parse("unusual"), Filters(), 15)
    assert first.hits[0].role == "title" and first.hits[0].session_id == "ses_8" and first.more and not first.newest
    told = [(hit.session_id, hit.part_id) for hit in first.hits]
    for offset in (15, 30):
        page = await store.find(parse("unusual"), Filters(), 15, offset)
        told += [(hit.session_id, hit.part_id) for hit in page.hits]
    assert len(told) == len(set(told)) == 42 and not page.more


async def test_only_the_newest_are_ranked_and_that_is_said(store: SearchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(store, ["common"] * 3001)
    page = await store.find(parse("common"), Filters(), 5)
    assert page.newest
    assert not (await store.find(parse("common"), Filters(session_id="ses_1"), 5)).newest


async def test_undone_messages_are_not_found(store: SearchStore) -> None:
    await fill(store, ["alpha beta"] * 30)
    await store.write(lambda rows: rows.learn(session(1, hidden_from="msg_00010")))
    assert await found(store, "alpha", session_id="ses_1") == {"prt_00001", "prt_00008"}
    put = [Document("msg_00015", "prt_00015", "user", "", 1_700_000_015_000, "alpha")]
    await store.write(lambda rows: rows.put("ses_1", put))
    assert "prt_00015" not in await found(store, "alpha")
    await store.write(lambda rows: rows.learn(session(1)))
    known = await store.write(lambda rows: rows.known("ses_1"))
    assert known is not None and known.mark == 0  # to be read again
    await store.write(lambda rows: rows.put("ses_1", put))
    assert "prt_00015" in await found(store, "alpha")


async def test_a_forgotten_session_is_not_found_and_is_taken_away_in_pieces(store: SearchStore) -> None:
    await fill(store, ["alpha"] * 50)
    await store.write(lambda rows: rows.forget("id = ?", "ses_1"))
    assert "ses_1" not in {hit.session_id for hit in (await store.find(parse("alpha"), Filters(), 60)).hits}
    rounds = 0
    while await store.write(lambda rows: rows.empty(3)):
        rounds += 1
    assert rounds > 2
    assert len(await store.ids(parse("alpha"), Filters())) == 50 - 7


async def test_a_page_takes_the_place_of_what_it_covers(store: SearchStore) -> None:
    await fill(store, ["alpha"] * 70)
    page = [Document("msg_00036", "prt_00036", "user", "", 1_700_000_036_000, "other")]
    changed = await store.write(lambda rows: rows.page("ses_1", page, 1_700_000_029_000, 1_700_000_050_000))
    assert changed
    assert not await store.write(lambda rows: rows.page("ses_1", page, 1_700_000_029_000, 1_700_000_050_000))
    here = await found(store, "alpha", session_id="ses_1")
    assert here == {f"prt_{n:05d}" for n in range(1, 70, 7)} - {"prt_00029", "prt_00036", "prt_00043"}
    assert await found(store, "other") == {"prt_00036"}


@pytest.mark.parametrize("harm", ["noise", "half", "shape"])
async def test_a_file_that_cannot_be_used_is_made_anew(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "search.db"
    store = SearchStore(path)
    await store.open()
    await fill(store, ["alpha"])
    await store.close()
    if harm == "noise":
        path.write_bytes(b"not a database at all" * 400)
    elif harm == "half":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        with sqlite3.connect(path) as file:
            file.execute("UPDATE about SET value = '0/1.0'")
        file.close()
    store = SearchStore(path)
    assert await store.open()
    assert not await store.ids(parse("alpha"), Filters())
    await fill(store, ["alpha"])
    assert await store.ids(parse("alpha"), Filters())
    await store.close()


def test_words_are_the_same_however_they_are_written() -> None:
    assert words("Naïve NAI\u0308VE") == ["naive", "naive"]
    assert words("src/foo_bar.py:12 don't") == ["src", "foo", "bar", "py", "12", "don", "t"]
    assert words("数据库 x") == ["数", "据", "库", "x"]
    assert pieces("a getUserName of HTTPServer, IDs and plain") == ["get", "user", "name", "http", "server"]
    assert pieces("aGVsbG8gd29ybGQsIHRoaXMgaXMgYmFzZTY0IGFuZCBub3QgYSBuYW1l") == []


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("Where is the Straße?", "strasse", ["Straße"]),
        ("call getUserName(x)", "user", ["getUserName"]),
        ("call getUserName(x)", "getusername", ["getUserName"]),
        ("see src/app.py now", "src/app.py now", ["src/app.py", "now"]),
        ("a rank ranking", "rank*", ["rank", "ranking"]),
        ("nothing here", "else", []),
        ("数据库很大", "据库", ["据库"]),
    ],
)
def test_a_snippet_marks_what_was_found(text: str, typed: str, marked: list[str]) -> None:
    shown = snippet(text, parse(typed))
    assert [shown.text[start:end] for start, end in shown.marks] == marked


TABLE = "## What *came*\n\n| name | what it is |\n|:-----|---:|\n| beta | one \\| two |\n| gamma |  |\n"


@pytest.mark.parametrize(
    ("text", "shown", "marked"),
    [
        (TABLE, "What *came* name · what it is beta · one \\| two gamma", ["beta"]),
        ("a | b\nbeta || c\n#tag - x", "a | b beta || c #tag - x", ["beta"]),
        ("```python\nbeta = 1\n```\n", "beta = 1", ["beta"]),
        ("+----+---+\n| beta | x |\n+----+---+\n", "beta · x", ["beta"]),
        ("  \n\n ## beta  \t x\n", "beta x", ["beta"]),
        ("| x | " + "y" * 600 + " | beta | z |", None, ["beta"]),
    ],
)
def test_a_snippet_is_read_as_a_line_not_as_a_table(text: str, shown: str | None, marked: list[str]) -> None:
    found = snippet(text, parse("beta"))
    assert shown is None or found.text == shown
    assert [found.text[start:end] for start, end in found.marks] == marked
    assert "  " not in found.text


def test_a_word_that_stands_everywhere_is_not_looked_at_from_each_place() -> None:
    # a piece that slides, beside the plain way; with words that are longer than a piece, too
    draw = random.Random(4)
    for _ in range(300):
        long = draw.choice((300, 1000, 3000))
        at = [draw.randrange(long) for _ in range(draw.randrange(1, 15))]
        found = sorted({(one, one + draw.choice((1, 5, 100, 260)), draw.randrange(4)) for one in at})
        inside = [
            len({which for from_, to, which in found if from_ >= begin and to <= begin + WIDTH})
            for begin in (max(0, one[0] - BEFORE) for one in found)
        ]
        assert _start(found, WIDTH) == max(0, found[inside.index(max(inside))][0] - BEFORE)
    many = "a " * 200_000  # 50 minutes, the plain way
    assert snippet(many, parse("a b")).marks[:2] == ((0, 1), (2, 3))


def test_a_snippet_is_the_piece_with_most_of_the_words() -> None:
    text = "alpha " + "x " * 500 + "alpha and beta\nhere " + "y " * 500
    shown = snippet(text, parse("alpha beta"))
    assert [shown.text[start:end] for start, end in shown.marks] == ["alpha", "beta"]
    assert len(shown.text) <= 240 and shown.cut == (True, True) and "\n" not in shown.text
