#!/usr/bin/python3
"""The backend of a dashboard: the months of a survey, and which channels moved it.

dashboard.py SURVEY
"""

from __future__ import annotations

import argparse
import asyncio

import emptychair


def text(value: float | None) -> str:
    """A value with one digit; a dash where there is none, because 0 would be another thing."""
    return "–" if value is None else f"{value:+.1f}"


async def rows(client: emptychair.AsyncClient, survey_id: str) -> list[str]:
    """A line for each month, and for each channel."""
    by_month, by_channel = await asyncio.gather(
        client.query_metric(survey_ids=[survey_id], granularity="MONTH"),
        client.query_metric(survey_ids=[survey_id], group_by=["channel"], min_sample=5),
    )
    lines = []
    for bucket, point in zip(by_month.buckets, by_month.total.points):
        month = f"{bucket.start_time:%Y-%m}" if bucket.start_time else "all"
        lines.append(f"{month}  {text(point.value)}  ({text(point.low)} to {text(point.high)})")
    for series in by_channel.series:
        point, group = series.points[0], series.group_values[0].value or "(none)"
        shown = "too few" if point.suppressed else text(point.value)
        lines.append(f"{group}  {shown}  of {point.answers} answers")
    return lines


async def run(survey_id: str) -> None:
    async with emptychair.AsyncClient() as client:
        print("\n".join(await rows(client, survey_id)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("survey")
    asyncio.run(run(parser.parse_args().survey))


if __name__ == "__main__":
    main()
