"""Writers deliver every record exactly once, whatever happens to the server."""

import asyncio
import os
import threading

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


class Killer:
    """Kills and restarts a server while `progress` grows from 0 to 1."""

    def __init__(self, server, kills):
        self._server = server
        self._kills = kills
        self.done = 0
        self.progress = 0.0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while self.done < self._kills:
            if self.progress * (self._kills + 1) >= self.done + 1:
                self._server.restart()
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
        killer = Killer(own_server, KILLS)
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
                killer = Killer(own_server, KILLS)
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
