"""The feed of changes outlives restarts; against the real server."""

import asyncio
import threading

import pytest

import emptychair
from conftest import DEADLINE

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


def start_another_store(server, tmp_path):
    server.kill()
    server.directory = str(tmp_path / "another")
    server.start()


def test_another_store_on_the_port_is_an_error(own_server, tmp_path):
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS")
        client.submit_feedback("nps", score=9)
        watch = client.watch_feedback(after_sequence=0)
        next(watch)
        start_another_store(own_server, tmp_path)
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


def test_asyncio_watches_too(own_server, tmp_path):
    async def run():
        async with emptychair.AsyncClient(own_server.endpoint, timeout=DEADLINE) as client:
            await client.create_survey("nps", kind="NPS")
            seen, sent = [], []

            async def submit(count):
                for _ in range(count):
                    sent.append(f"x{len(sent)}")
                    await client.submit_feedback("nps", external_id=sent[-1])

            async with client.watch_feedback(after_sequence=0) as watch:
                for _ in range(RESTARTS):
                    await submit(2)
                    while len(seen) < len(sent):
                        message = await anext(watch)
                        seen += [change.feedback.external_id for change in message.changes]
                    await asyncio.to_thread(own_server.restart)
                    await submit(1)  # While nobody looks.
                while len(seen) < len(sent):
                    seen += [change.feedback.external_id for change in (await anext(watch)).changes]
                idle = asyncio.create_task(anext(watch, None))
                await asyncio.sleep(0)
                watch.close()
                assert await idle is None
            assert seen == sent
            later = client.watch_feedback(position=watch.position)
            await submit(1)
            assert (await anext(later)).changes[0].feedback.external_id == sent[-1]
            await asyncio.to_thread(start_another_store, own_server, tmp_path)
            with pytest.raises(emptychair.EmptyChairError) as raised:
                await anext(later)
            assert raised.value.reason == "STORE_CHANGED"

    asyncio.run(run())
