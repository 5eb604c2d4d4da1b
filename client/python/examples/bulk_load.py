#!/usr/bin/python3
"""Loads answers from a CSV file with the columns id, time, score, comment and channel.

    bulk_load.py SURVEY FILE

Safe to run again: the service knows the rows by their ids. Rows that it refuses are listed.
"""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import datetime

import emptychair


def load(client: emptychair.Client, survey_id: str, path: str) -> emptychair.Counters:
    """Loads a file, and says on stderr which of its lines were refused."""

    def told(result: emptychair.Result) -> None:
        if result.error is not None:
            print(f"line {result.context}: {result.outcome}: {result.error}", file=sys.stderr)

    # BLOCK: read no faster than the service stores, and go on when it comes back.
    with emptychair.FeedbackWriter(
        client, when_full="BLOCK", block_timeout=600, on_result=told
    ) as writer:
        with open(path, encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                try:
                    writer.add(
                        survey_id,
                        external_id=row["id"],
                        occur_time=datetime.fromisoformat(row["time"]),
                        score=int(row["score"]) if row["score"] else None,
                        comment=row["comment"],
                        labels={"channel": row["channel"]} if row["channel"] else None,
                        context=line,
                    )
                except (ValueError, emptychair.InvalidArgument) as error:
                    print(f"line {line}: {error}", file=sys.stderr)
        writer.flush(600)
        return writer.counters()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("survey")
    parser.add_argument("file")
    arguments = parser.parse_args()
    with emptychair.Client() as client:
        counters = load(client, arguments.survey, arguments.file)
    print(f"{counters.stored} stored, {counters.already_existed} there before")
    print(f"{counters.rejected} refused")


if __name__ == "__main__":
    main()
