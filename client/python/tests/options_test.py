"""Options and their defaults, and what a writer says by itself, are those of all clients."""

import asyncio
import dataclasses
import inspect
import json
import pathlib
import re
import threading

import pytest

import emptychair
from conftest import DEADLINE, acknowledge
from emptychair import _connection
from emptychair._writer_options import Options

TREE = pathlib.Path(__file__).parents[3]
VECTORS = json.loads((TREE / "tests" / "vectors" / "clients.json").read_text())
OPTIONS = VECTORS["writer_options"]
UNITS = {
    "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
    "MiB": 1 << 20, "GiB": 1 << 30, "PiB": 1 << 50,
}  # fmt: skip


def own(option, value):
    """Name and value of an option as this language has them."""
    if option["name"].endswith("_ms"):
        return option["name"].removesuffix("_ms"), value / 1000
    return option["name"], value


@pytest.mark.parametrize(
    "kind", [emptychair.FeedbackWriter, emptychair.AsyncFeedbackWriter, Options]
)
def test_what_is_not_given_is_as_in_all_clients(kind):
    parameters = inspect.signature(kind).parameters
    for option in OPTIONS:
        name, default = own(option, option["default"])
        assert parameters[name].default == default, name
    known = {own(option, 0)[0] for option in OPTIONS}
    assert set(parameters) - known <= {"client", "on_result", "spool"}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option["name"])
def test_an_option_has_the_range_that_it_has_in_all_clients(option):
    name = own(option, 0)[0]
    good = option.get("known") or [own(option, option[end])[1] for end in ("least", "most")]
    for value in good:
        assert getattr(Options(**{name: value}), name) == value
    bad = ["WAIT"] if "known" in option else [good[0] - 1, good[1] + 1, "5", True, None]
    for value in bad:
        with pytest.raises(emptychair.InvalidArgument) as raised:
            Options(**{name: value})
        assert (raised.value.reason, raised.value.metadata["field"]) == ("FIELD_INVALID", name)


def test_a_client_has_the_defaults_of_all_clients():
    endpoint, timeout = VECTORS["client_options"]
    assert _connection.DEFAULT_ENDPOINT == endpoint["default"]
    assert _connection.DEFAULT_TIMEOUT * 1000 == timeout["default"]
    assert _connection.check_timeout(timeout["most"] / 1000) * 1000 == timeout["most"]
    with pytest.raises(emptychair.InvalidArgument):
        _connection.check_timeout(timeout["most"] / 1000 + 1)


def table_rows(page, first):
    """The rows of the table in a page whose head begins with `first`, as lists of cells."""
    lines = page.splitlines()
    start = lines.index(next(line for line in lines if line.startswith(f"| {first} |")))
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def number_of(cell):
    digits, _, unit = cell.split(",")[0].partition(" ") if " " in cell else (cell, "", "")
    return int(digits.replace(",", "")) * UNITS.get(unit, 1)


def test_the_page_says_so():
    page = (TREE / "docs" / "clients.md").read_text()
    writer = page[page.index("## A writer") :]
    rows = {row[0].strip("`"): row[1:] for row in table_rows(writer, "option")}
    assert list(rows) == [own(option, 0)[0] for option in OPTIONS]
    for option, (default, least, most) in zip(OPTIONS, rows.values()):
        if "known" in option:
            assert [default, *most.split(", ")] == option["known"]
        else:
            assert number_of(default) == option["default"]
            assert number_of(least.split(",")[0]) == option["least"]
            assert number_of(most) == option["most"]
    said = {
        re.search(r"\(`(\w+)`\)", when)[1]: (code, reason or None)
        for when, code, reason in table_rows(page, "when")
    }
    assert said == {one["case"]: (one["code"], one["reason"]) for one in VECTORS["writer_errors"]}
    counters = page[page.index("Counters: ") :].split(".")[0]
    fields = {field.name for field in dataclasses.fields(emptychair.Counters)}
    assert set(re.findall(r"`(\w+)`", counters)) == fields


class Maker:
    """Makes writers, for threads or for asyncio, at a server that acknowledges nothing until
    `release`.
    """

    def __init__(self, fake, is_asyncio, tmp_path):
        self.fake = fake
        self.tmp_path = tmp_path
        self.results = []
        self._is_asyncio = is_asyncio
        self._released = threading.Event()
        self._writers = []
        fake.on_batch = self._on_batch

    def _on_batch(self, request, context):
        self._released.wait(DEADLINE)
        return acknowledge(request, context)

    async def make(self, **options):
        options = {"on_result": self.results.append, **options}
        if self._is_asyncio:
            client = emptychair.AsyncClient(self.fake.endpoint, timeout=DEADLINE)
            writer = emptychair.AsyncFeedbackWriter(client, **options)
        else:
            client = None
            writer = emptychair.FeedbackWriter(self.fake.client, **options)
        self._writers.append((writer, client))
        return writer

    async def sent(self, count):
        while len(self.fake.batches) < count:
            await asyncio.sleep(0.002)

    async def end(self):
        self._released.set()
        for writer, client in self._writers:
            try:
                await done(writer.close(0))
            except emptychair.EmptyChairError:
                pass
            if client is not None:
                await client.close()


async def done(value):
    return await value if inspect.isawaitable(value) else value


async def error_of(call):
    with pytest.raises(emptychair.EmptyChairError) as raised:
        await done(call())
    return raised.value


async def full(maker):
    writer = await maker.make(queue_bytes=300)
    await done(writer.add("nps", external_id="a"))
    return await error_of(lambda: writer.add("nps", external_id="b"))


async def dropped(maker):
    writer = await maker.make(
        queue_bytes=500, batch_records=1, in_flight_batches=1, when_full="DROP_OLDEST"
    )
    await done(writer.add("nps", external_id="a"))
    await maker.sent(1)
    for name in "bc":
        await done(writer.add("nps", external_id=name))
    while not maker.results:
        await asyncio.sleep(0.002)
    assert maker.results[0].feedback.external_id == "b"
    return maker.results[0].error


async def added_after_close(maker):
    writer = await maker.make()
    await done(writer.close())
    return await error_of(lambda: writer.add("nps", external_id="a"))


async def flush_in_vain(maker):
    writer = await maker.make()
    await done(writer.add("nps", external_id="a"))
    return await error_of(lambda: writer.flush(0.01))


async def close_in_vain(maker):
    writer = await maker.make()
    await done(writer.add("nps", external_id="a"))
    return await error_of(lambda: writer.close(0.01))


async def left_at_close(maker):
    await close_in_vain(maker)
    assert [one.outcome for one in maker.results] == ["GAVE_UP"]
    return maker.results[0].error


async def spool_in_use(maker):
    await maker.make(spool=maker.tmp_path / "spool")
    return await error_of(lambda: maker.make(spool=maker.tmp_path / "spool"))


async def spool_damaged(maker):
    (maker.tmp_path / ("0" * 16 + ".spool")).write_bytes(b"ECSPOOL2")
    return await error_of(lambda: maker.make(spool=maker.tmp_path))


async def spool_not_usable(maker):
    return await error_of(lambda: maker.make(spool=maker.tmp_path / "no" / "such"))


async def option_out_of_range(maker):
    return await error_of(lambda: maker.make(in_flight_batches=9))


CASES = [
    full, dropped, added_after_close, flush_in_vain, close_in_vain, left_at_close, spool_in_use,
    spool_damaged, spool_not_usable, option_out_of_range,
]  # fmt: skip


@pytest.mark.parametrize("is_asyncio", [False, True])
@pytest.mark.parametrize("entry", VECTORS["writer_errors"], ids=lambda entry: entry["case"])
def test_what_a_writer_says_by_itself(entry, is_asyncio, fake, tmp_path):
    case = {one.__name__: one for one in CASES}[entry["case"]]

    async def run():
        maker = Maker(fake, is_asyncio, tmp_path)
        try:
            return await case(maker)
        finally:
            await maker.end()

    error = asyncio.run(run())
    assert (error.code, error.reason) == (entry["code"], entry["reason"])
    assert ("left" in error.metadata) == (error.code == "DEADLINE_EXCEEDED")
