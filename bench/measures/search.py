# SPDX-License-Identifier: MIT
"""A search for two words in 200,000 messages, beside a plain scan of the same texts: the answer as a page shows it."""

import itertools
import random
import sqlite3
import tempfile
import time as clock
from collections.abc import Iterator
from pathlib import Path

from bench.noise import Noise
from bench.results import percentile
from bench.run import Run
from opencode_nexus.store.search import Filters, SearchStore, size_of
from opencode_nexus.store.search_query import parse
from opencode_nexus.store.search_rows import Document, Facts, Rows

SEED = 5
MESSAGES, SESSIONS, BATCH = 200_000, 400, 500
VOCABULARY = 40_000
PAIRS = 8  # of each kind
COMMON, RARE = (5, 60), (4_000, 20_000)  # ranks of words: the commonest five are those that nobody searches for
SCAN = "SELECT count(*), max(rowid) FROM message WHERE text LIKE ? AND text LIKE ?"
ROLES = (("user", ""), ("agent", ""), ("agent", ""), ("tool", "bash"), ("tool", "read"), ("reasoning", ""))
SYLLABLES = "ka to mi re su lan der ver con fig ser test file path data base node run err or get set key val ue".split()


def vocabulary(rng: random.Random) -> list[str]:
    """Words as code and prose have them: some with underscores, some in mixed case."""
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        parts = rng.choices(SYLLABLES, k=rng.randint(1, 4))
        shape = rng.random()
        if shape < 0.1:
            found["_".join(parts)] = None
        elif shape < 0.2:
            found[parts[0] + "".join(part.title() for part in parts[1:])] = None
        else:
            found["".join(parts) + ("" if shape < 0.8 else str(rng.randrange(1000)))] = None
    return list(found)


def texts(rng: random.Random, words: list[str]) -> Iterator[str]:
    """Messages of 3 to 400 words, 55 in the middle; how often a word comes follows Zipf."""
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
    for _ in range(MESSAGES):
        yield " ".join(rng.choices(words, cum_weights=weights, k=3 + int(min(400, rng.expovariate(1 / 55)))))


async def fill(store: SearchStore, plain: sqlite3.Connection, rng: random.Random, words: list[str]) -> list[str]:
    """The same texts into both; returns some of them."""
    some: list[str] = []
    began = 1_600_000_000_000
    plain.execute("CREATE TABLE message (text TEXT NOT NULL)")

    def learn(rows: Rows) -> None:
        for number in range(SESSIONS):
            where = (f"srv_{number % 2}", None, f"/code/{number % 9}", f"Chat {number}")
            rows.learn(Facts(f"ses_{number}", *where, created=began, updated=began))

    await store.write(learn)
    told = enumerate(texts(rng, words))
    while batch := list(itertools.islice(told, BATCH)):
        some.append(batch[0][1])
        plain.executemany("INSERT INTO message VALUES (?)", [(text,) for _, text in batch])

        def put(rows: Rows, batch: list[tuple[int, str]] = batch) -> None:
            for number, text in batch:
                role, tool = ROLES[number % len(ROLES)]
                ids = (f"msg_{number:026}", f"prt_{number:026}")
                document = Document(*ids, role, tool, began + number * 37_000, text)
                rows.put(f"ses_{number // 50 * 7 % SESSIONS}", [document])

        await store.write(put)
    plain.commit()
    return some


def pairs(rng: random.Random, words: list[str], said: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Two words each, which stand in one message, by how common they are."""
    common, rare = (set(words[slice(*ranks)]) for ranks in (COMMON, RARE))
    kinds = {"common+common": (common, common), "common+rare": (common, rare), "rare+rare": (rare, rare)}
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in kinds}
    for text in rng.sample(said, len(said)):
        there = list(dict.fromkeys(text.split()))
        for kind, (one, other) in kinds.items():
            two = [word for word in there if word in one][:1]
            two += [word for word in there if word in other and word not in two][:1]
            if len(two) == 2 and len(found[kind]) < PAIRS:
                found[kind].append((two[0], two[1]))
    return found


async def measure(run: Run) -> None:
    """Subjects `nexus` and `scan`; variants by how common the words are, and `all` of them."""
    rng = random.Random(SEED)
    words = vocabulary(rng)
    with tempfile.TemporaryDirectory(prefix="nexus-search-") as folder:
        path = Path(folder) / "search.db"
        store, plain = SearchStore(path), sqlite3.connect(Path(folder) / "plain.db")
        await store.open()
        start = clock.perf_counter()
        said = await fill(store, plain, rng, words)
        took = clock.perf_counter() - start
        run.results.add("nexus", "search", "fill", seconds=round(took, 1), mb=round(size_of(path) / 1e6))
        asked = pairs(rng, words, said)
        for time in range(run.times):
            await once(run, store, plain, asked, time)
        await store.close()
        plain.close()


async def once(
    run: Run, store: SearchStore, plain: sqlite3.Connection, asked: dict[str, list[tuple[str, str]]], time: int
) -> None:
    index: dict[str, list[float]] = {}
    scan: dict[str, list[float]] = {}
    with Noise() as noise:
        for kind, two in asked.items():
            for one, other in two:
                start = clock.perf_counter()
                await store.find(parse(f"{one} {other}"), Filters(), 20)
                middle = clock.perf_counter()
                plain.execute(SCAN, (f"%{one}%", f"%{other}%")).fetchone()
                end = clock.perf_counter()
                index.setdefault(kind, []).append((middle - start) * 1000)
                scan.setdefault(kind, []).append((end - middle) * 1000)
    for subject, found in (("nexus", index), ("scan", scan)):
        found["all"] = [value for values in list(found.values()) for value in values]
        for kind, values in found.items():
            middle_ms, worst = percentile(values, 50), percentile(values, 100)
            run.results.add(subject, "search", kind, run=time, others=noise.others, ms=middle_ms, worst_ms=worst)
