#!/usr/bin/python3
"""Measures the writers beside a bare stream, in turns, against one server.

    bench.py --server EMPTYCHAIRD [--records N] [--turns N]

Four ways of sending the same records: `ready` is a bare stream of batches that were made before,
what gRPC can do; `building` makes the messages on the way, as a program without the writer would;
`writer` and `asyncio` are the writers, `add` for each record until all is answered. Times are of
the client's process; a server of its own shares the machine, so only ratios inside one run count.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

import emptychair
from emptychair.v1 import feedback_service_pb2

BATCH = 1000
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
COMMENT = "The box was open, and the cat that was said to be in it was not."
PATIENCE = 300


def fields(turn, number):
    """A record of about 130 bytes, another one in each turn."""
    return {
        "external_id": f"order-{turn}-{number:08d}",
        "customer_id": f"customer-{number % 5000}",
        "score": number % 11,
        "comment": COMMENT,
        "labels": {"channel": "web" if number % 3 else "app"},
        "occur_time": START + timedelta(seconds=number % 1_000_000),
    }


def message(turn, number):
    record = fields(turn, number)
    feedback = feedback_service_pb2.Feedback(survey_id="bench")
    feedback.external_id = record["external_id"]
    feedback.customer_id = record["customer_id"]
    feedback.score = record["score"]
    feedback.comment = record["comment"]
    for key, value in record["labels"].items():
        feedback.labels[key] = value
    feedback.occur_time.FromDatetime(record["occur_time"])
    return feedback


def batches(turn, count):
    for first in range(0, count, BATCH):
        last = min(first + BATCH, count)
        yield feedback_service_pb2.StreamFeedbackRequest(
            batch_number=first // BATCH + 1,
            feedback=[message(turn, number) for number in range(first, last)],
        )


def send(client, requests):
    for answer in client.stubs.feedback.StreamFeedback(requests, metadata=client.metadata()):
        assert not answer.failures, answer.failures[0]


def run_ready(endpoint, turn, count):
    with emptychair.Client(endpoint) as client:
        ready = list(batches(turn, count))
        return measured(lambda: send(client, iter(ready)))


def run_building(endpoint, turn, count):
    with emptychair.Client(endpoint) as client:
        return measured(lambda: send(client, batches(turn, count)))


def run_writer(endpoint, turn, count):
    with emptychair.Client(endpoint) as client:

        def write():
            with emptychair.FeedbackWriter(
                client, when_full="BLOCK", block_timeout=PATIENCE
            ) as writer:
                for number in range(count):
                    writer.add("bench", **fields(turn, number))
                writer.flush(PATIENCE)
                assert writer.counters().stored == count

        return measured(write)


def run_asyncio(endpoint, turn, count):
    async def write():
        async with emptychair.AsyncClient(endpoint) as client:
            async with emptychair.AsyncFeedbackWriter(
                client, when_full="BLOCK", block_timeout=PATIENCE
            ) as writer:
                for number in range(count):
                    await writer.add("bench", **fields(turn, number))
                await writer.flush(PATIENCE)
                assert writer.counters().stored == count

    return measured(lambda: asyncio.run(write()))


def measured(run):
    """Seconds by the clock, and of the client's CPUs."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


WAYS = {"ready": run_ready, "building": run_building, "writer": run_writer, "asyncio": run_asyncio}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    count = arguments.records
    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen(
            [arguments.server, "--data", directory, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            endpoint = server.stdout.readline().split()[-1]
            with emptychair.Client(endpoint) as client:
                client.create_survey("bench", kind="NPS", dimensions=["channel"])
            size = message(0, 0).ByteSize()
            print(f"{count} records of {size} bytes, {arguments.turns} turns", file=sys.stderr)
            taken = {way: [] for way in WAYS}
            for turn in range(arguments.turns):
                ways = list(WAYS.items())
                # Each goes first in some turn: what the store has grown to by then is shared
                # fairly.
                for place, (way, run) in enumerate(ways[turn % 4 :] + ways[: turn % 4]):
                    taken[way].append(run(endpoint, turn * len(WAYS) + place, count))
        finally:
            server.terminate()
            server.wait()
    medians = {
        way: [statistics.median(one[part] for one in turns) for part in (0, 1)]
        for way, turns in taken.items()
    }
    print("way        records/s   CPU us/record   rate of ready   CPU of building")
    for way, (wall, cpu) in medians.items():
        rate, share = medians["ready"][0] / wall, cpu / medians["building"][1]
        print(f"{way:9} {count / wall:10.0f} {cpu / count * 1e6:15.2f} {rate:15.2f} {share:17.2f}")
    print(f"asyncio of writer: {medians['writer'][0] / medians['asyncio'][0]:.2f}")


if __name__ == "__main__":
    main()
