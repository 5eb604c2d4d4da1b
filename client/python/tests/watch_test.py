"""The feed of changes outlives restarts; against the real server."""

import asyncio
import threading

import pytest

import emptychair
from conftest import DEADLINE, Server

RESTARTS = 10
RECORDS_BETWEEN = 5


def submit(client, count, sent):
    for _ in range(count):
        sent.append(f"x{len(sent)}")
        client.submit_feedback("nps", external_id=sent[-1], score=9)


def test_ten_restarts_leave_no_gap_and_no_repeat(own_server):
    sent, seen, sequences = [], [], []
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS")
        with client.watch_feedback(survey_ids=["nps"], after_sequence=0) as watch:
            for _ in range(RESTARTS):
                submit(client, RECORDS_BETWEEN, sent)
                while len(seen) < len(sent):
                    message = next(watch)
                    assert message.changes and message.position == watch.position
                    for change in message.changes:
                        assert change.kind == "CREATED"
                        seen.append(change.feedback.external_id)
                        sequences.append(change.sequence)
                own_server.restart()
            submit(client, RECORDS_BETWEEN, sent)
            while len(seen) < len(sent):
                seen += [change.feedback.external_id for change in next(watch).changes]
        position = watch.position
        submit(client, 1, sent)
        text = str(position)
        with client.watch_feedback(position=emptychair.Position.parse(text)) as later:
            assert [change.feedback.external_id for change in next(later).changes] == [sent[-1]]
    assert seen == sent[:-1]
    assert sequences == sorted(set(sequences))


def test_another_store_on_the_port_is_an_error(own_server, tmp_path):
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS")
        client.submit_feedback("nps", score=9)
        watch = client.watch_feedback(after_sequence=0)
        next(watch)
        own_server.kill()
        own_server.directory = str(tmp_path / "another")
        own_server.start()
        client.create_survey("nps", kind="NPS")
        for _ in range(3):
            client.submit_feedback("nps", score=9)
        with pytest.raises(emptychair.EmptyChairError) as raised:
            next(watch)
        assert raised.value.reason == "STORE_CHANGED"


def test_a_watch_is_closed_from_another_thread(client, survey):
    watch = client.watch_feedback(survey_ids=[survey])
    timer = threading.Timer(0.2, watch.close)
    timer.start()
    assert list(watch) == []
    timer.join()
    assert watch.position is not None
    with pytest.raises(emptychair.InvalidArgument, match="beside position"):
        client.watch_feedback(after_sequence=1, position=watch.position)


def test_a_watch_gives_up_when_nobody_comes_back(own_server):
    with emptychair.Client(own_server.endpoint, timeout=1) as client:
        client.create_survey("nps", kind="NPS")
        client.submit_feedback("nps", score=9)
        watch = client.watch_feedback(after_sequence=0)
        next(watch)
        own_server.kill()
        with pytest.raises(emptychair.Unavailable):
            next(watch)
    own_server.start()


def test_asyncio_watches_too(tmp_path):
    server = Server(tmp_path / "store")

    async def run():
        async with emptychair.AsyncClient(server.endpoint, timeout=DEADLINE) as client:
            await client.create_survey("nps", kind="NPS")
            seen = []
            async with client.watch_feedback(after_sequence=0) as watch:
                for number in range(5):
                    await client.submit_feedback("nps", external_id=f"x{number}")
                    while len(seen) <= number:
                        message = await anext(watch)
                        seen += [change.feedback.external_id for change in message.changes]
                    await asyncio.to_thread(server.restart)
                idle = asyncio.create_task(anext(watch, None))
                await asyncio.sleep(0)
                watch.close()
                assert await idle is None
            assert seen == [f"x{number}" for number in range(5)]

    asyncio.run(run())
    server.stop()
