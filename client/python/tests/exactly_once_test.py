"""Writers deliver every record exactly once, whatever happens to server, connection and clock."""

import asyncio
import os
import threading
from datetime import datetime, timedelta, timezone

import emptychair
from conftest import DEADLINE, set_back_an_hour

# The full runs: EMPTYCHAIR_WRITER_RECORDS=100000 EMPTYCHAIR_WRITER_KILLS=50.
RECORDS = int(os.environ.get("EMPTYCHAIR_WRITER_RECORDS", 20_000))
KILLS = int(os.environ.get("EMPTYCHAIR_WRITER_KILLS", 5))
PATIENCE = 60 + 5 * KILLS


def submitted(number):
    """The fields of a record of a test; half of them leave their ids to the writer."""
    ids = {"external_id": f"x{number}"} if number % 2 else {"customer_id": f"c{number}"}
    return {"score": number % 11, "labels": {"channel": f"n{number % 3}"}, **ids}


class Trouble:
    """Makes trouble, in turns by one of `makers`, so often while `progress` grows from 0 to 1."""

    def __init__(self, makers, times):
        self._makers = makers
        self._times = times
        self.done = 0
        self.progress = 0.0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while self.done < self._times:
            if self.progress * (self._times + 1) >= self.done + 1:
                self._makers[self.done % len(self._makers)]()
                self.done += 1
            else:
                threading.Event().wait(0.002)

    def join(self):
        self._thread.join()


def check_delivered(client, results, count):
    contexts = [result.context for result in results]
    assert len(contexts) == count and set(contexts) == set(range(count))
    assert {result.outcome for result in results} <= {"STORED", "ALREADY_EXISTED"}
    metric = client.query_metric(survey_ids=["nps"])
    assert metric.total.points[0].answers == count
    assert client.get_status().feedback_count == count


def resident_kb():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def test_every_record_is_delivered_once_while_the_server_is_killed(own_server, monkeypatch):
    results = []
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS", dimensions=["channel"])
        before = resident_kb()
        most = before
        writer = emptychair.FeedbackWriter(
            client, batch_records=200, when_full="BLOCK", queue_bytes=1 << 20,
            block_timeout=PATIENCE, on_result=results.append,
        )  # fmt: skip
        killer = Trouble([own_server.restart], KILLS)
        for number in range(RECORDS):
            writer.add("nps", **submitted(number), context=number)
            killer.progress = len(results) / RECORDS
            if number % 1000 == 0:
                most = max(most, resident_kb())
            if number == RECORDS // 2:
                set_back_an_hour(monkeypatch)
        while killer.done < KILLS and len(results) < RECORDS:
            killer.progress = len(results) / RECORDS
            threading.Event().wait(0.005)
        killer.progress = 1.0
        writer.flush(PATIENCE)
        killer.join()
        counters = writer.counters()
        writer.close()
        assert counters.stored + counters.already_existed == counters.added == RECORDS
        assert counters.reconnects >= 1 and killer.done == KILLS
        assert most - before < 1024 + 64 * 1024 + RECORDS
        check_delivered(client, results, RECORDS)


def test_asyncio_delivers_every_record_once_while_the_server_is_killed(own_server):
    results = []

    async def run():
        async with emptychair.AsyncClient(own_server.endpoint, timeout=DEADLINE) as client:
            await client.create_survey("nps", kind="NPS", dimensions=["channel"])
            async with emptychair.AsyncFeedbackWriter(
                client, batch_records=200, when_full="BLOCK", queue_bytes=1 << 20,
                block_timeout=PATIENCE, on_result=results.append,
            ) as writer:  # fmt: skip
                killer = Trouble([own_server.restart], KILLS)
                for number in range(RECORDS):
                    await writer.add("nps", **submitted(number), context=number)
                    killer.progress = len(results) / RECORDS
                killer.progress = 1.0
                await writer.flush(PATIENCE)
                await asyncio.to_thread(killer.join)
                assert writer.counters().stored + writer.counters().already_existed == RECORDS
                assert killer.done == KILLS

    asyncio.run(run())
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        check_delivered(client, results, RECORDS)


class Clocks:
    """The server's clock beside that of this machine, both of which are set back an hour."""

    def __init__(self, server, monkeypatch):
        self._server = server
        self._monkeypatch = monkeypatch
        self._hours = 0

    def follow(self):
        """Sets the server's clock to the time now: it stands, and records come to be ahead."""
        now = datetime.now(timezone.utc) - timedelta(hours=self._hours)
        self._server.set_time(now)

    def set_back_here(self):
        set_back_an_hour(self._monkeypatch)

    def set_back_there(self):
        self._hours = 1
        self.follow()


def makers_of(server, clocks, dropped):
    """Of trouble: connections that are cut and restarts, between which time goes on."""

    def drop():
        clocks.follow()
        dropped.append(server.drop_connections())

    return [drop, server.restart]


def check_fake_delivered(server, results, dropped):
    assert sum(dropped) > 0, "no connection was cut"
    assert {result.outcome for result in results} == {"STORED"}
    with emptychair.Client(server.endpoint, timeout=DEADLINE) as client:
        check_delivered(client, results, RECORDS)


def test_every_record_is_delivered_once_over_cuts_restarts_and_clocks(fake_server, monkeypatch):
    results, dropped = [], []
    clocks = Clocks(fake_server, monkeypatch)
    with emptychair.Client(fake_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS", dimensions=["channel"])
        with emptychair.FeedbackWriter(
            client, batch_records=200, when_full="BLOCK", queue_bytes=1 << 20,
            block_timeout=PATIENCE, on_result=results.append,
        ) as writer:  # fmt: skip
            trouble = Trouble(makers_of(fake_server, clocks, dropped), KILLS)
            for number in range(RECORDS):
                writer.add("nps", **submitted(number), context=number)
                trouble.progress = len(results) / RECORDS
                if number == RECORDS // 2:
                    clocks.set_back_here()
                elif number == 3 * RECORDS // 4:
                    # What has a time of before is ahead of the server's clock by then.
                    writer.flush(PATIENCE)
                    clocks.set_back_there()
            trouble.progress = 1.0
            writer.flush(PATIENCE)
            trouble.join()
            assert writer.counters().stored == RECORDS and writer.counters().reconnects >= 1
    check_fake_delivered(fake_server, results, dropped)


def test_asyncio_delivers_every_record_once_over_cuts_restarts_and_clocks(fake_server, monkeypatch):
    results, dropped = [], []
    clocks = Clocks(fake_server, monkeypatch)

    async def run():
        async with emptychair.AsyncClient(fake_server.endpoint, timeout=DEADLINE) as client:
            await client.create_survey("nps", kind="NPS", dimensions=["channel"])
            async with emptychair.AsyncFeedbackWriter(
                client, batch_records=200, when_full="BLOCK", queue_bytes=1 << 20,
                block_timeout=PATIENCE, on_result=results.append,
            ) as writer:  # fmt: skip
                trouble = Trouble(makers_of(fake_server, clocks, dropped), KILLS)
                for number in range(RECORDS):
                    await writer.add("nps", **submitted(number), context=number)
                    trouble.progress = len(results) / RECORDS
                    if number == RECORDS // 2:
                        clocks.set_back_here()
                    elif number == 3 * RECORDS // 4:
                        await writer.flush(PATIENCE)
                        clocks.set_back_there()
                trouble.progress = 1.0
                await writer.flush(PATIENCE)
                await asyncio.to_thread(trouble.join)
                assert writer.counters().stored == RECORDS and writer.counters().reconnects >= 1

    asyncio.run(run())
    check_fake_delivered(fake_server, results, dropped)
