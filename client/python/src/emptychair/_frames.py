"""Metrics as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emptychair._answers import enum_name
from emptychair._table import is_repeated, kind_of
from emptychair._times import from_timestamp

if TYPE_CHECKING:
    import pandas
    import pyarrow

# How group values that are no text are written, here and in filters.
_NONE, _OTHER = "(none)", "(other)"


class MetricTable:
    """Gives a metric as a table: a row for each series and bucket, in the order of the answer.

    Columns: the keys of `group_by`; `start_time` and `end_time` of the bucket, instants of UTC, and
    `is_open`; then the fields of MetricValue that are no lists, under their own names. What is
    absent is null. `total` is not in the table when there are groups.
    """

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow.Table. Needs pyarrow: pip install emptychair[arrow]."""
        import pyarrow

        types = {
            "text": pyarrow.string(),
            "time": pyarrow.timestamp("us", tz="UTC"),
            "bool": pyarrow.bool_(),
            "int64": pyarrow.int64(),
            "double": pyarrow.float64(),
        }
        columns = _columns(self)
        schema = pyarrow.schema([(name, types[kind]) for name, (kind, _) in columns.items()])
        return pyarrow.table([values for _, values in columns.values()], schema=schema)

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas.DataFrame. Needs pandas: pip install emptychair[pandas].

        Numbers are of pandas' types that have nulls (Int64, Float64): an absent value is pandas.NA,
        neither NaN nor 0, and a count stays an integer.
        """
        import pandas

        types = {
            "text": "string",
            "time": "datetime64[ns, UTC]",
            "bool": "boolean",
            "int64": "Int64",
            "double": "Float64",
        }
        return pandas.DataFrame(
            {
                name: pandas.Series(values, dtype=types[kind])
                for name, (kind, values) in _columns(self).items()
            }
        )


def _columns(answer: Any) -> dict[str, tuple[str, list[Any]]]:
    """Columns by name: what kind of values they have, and the values."""
    message = answer.message()
    columns: dict[str, tuple[str, list[Any]]] = {
        key: ("text", []) for key in answer.__dict__.get("_group_by", ())
    }
    keys = list(columns)
    starts = [_time(bucket, "start_time") for bucket in message.buckets]
    ends = [_time(bucket, "end_time") for bucket in message.buckets]
    are_open = [bucket.is_open for bucket in message.buckets]
    columns |= {"start_time": ("time", []), "end_time": ("time", []), "is_open": ("bool", [])}
    points = [point for series in message.series for point in series.points]
    for series in message.series:
        for key, value in zip(keys, series.group_values, strict=True):
            columns[key][1].extend([_group_text(value)] * len(series.points))
        columns["start_time"][1].extend(starts)
        columns["end_time"][1].extend(ends)
        columns["is_open"][1].extend(are_open)
    for field in message.total.DESCRIPTOR.fields_by_name["points"].message_type.fields:
        if not is_repeated(field):
            columns[field.name] = _kind(field), _values(field, points)
    return columns


def _kind(field: Any) -> str:
    kind = kind_of(field)
    return "text" if kind == "enum" else kind


def _values(field: Any, points: list[Any]) -> list[Any]:
    name = field.name
    if kind_of(field) == "enum":
        return [enum_name(field.enum_type, getattr(point, name)) for point in points]
    if field.has_presence:
        return [getattr(point, name) if point.HasField(name) else None for point in points]
    return [getattr(point, name) for point in points]


def _time(bucket: Any, name: str) -> Any:
    return from_timestamp(getattr(bucket, name)) if bucket.HasField(name) else None


def _group_text(value: Any) -> str:
    kind = value.WhichOneof("kind")
    return str(value.value) if kind == "value" else _OTHER if kind == "other" else _NONE
