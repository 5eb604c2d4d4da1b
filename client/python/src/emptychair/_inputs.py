"""Fills messages from what callers give, and refuses what protobuf would let through.

For each message there is a table of its fields, made from its descriptor when it is first needed.
"""

from __future__ import annotations

import difflib
import functools
import math
import numbers
from datetime import timedelta
from typing import Any, Callable, Iterable, Mapping

from emptychair._answers import Answer
from emptychair._errors import field_error
from emptychair._table import enum_prefix, is_map, is_repeated, kind_of
from emptychair._times import unix_ms

# Puts a value into a message; the last argument is the field's path, for errors.
Setter = Callable[[Any, Any, str], None]


def fill(message: Any, values: Mapping[str, Any], path: str = "") -> None:
    """Sets the fields of `message` that `values` has; None is as absent.

    Raises InvalidArgument for a name that is no field, with the nearest that is, and for a value
    that the field does not take.
    """
    setters = _setters(message.DESCRIPTOR)
    for name, value in values.items():
        setter = setters.get(name)
        if setter is None:
            raise unknown_field(path + str(name), name, setters)
        if value is not None:
            setter(message, value, path + name)


def unknown_field(path: str, name: Any, known: Iterable[str]) -> Exception:
    """The error for a name that is none of `known`."""
    return field_error(path, f"is no field{_nearest(str(name), known)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    lower = {one.lower().replace("_", ""): one for one in known}
    found = difflib.get_close_matches(name.lower().replace("_", ""), lower, 1, 0.5)
    return f"; did you mean {lower[found[0]]}?" if found else f"; there are {', '.join(known)}"


@functools.cache
def _setters(descriptor: Any) -> dict[str, Setter]:
    return {field.name: _setter(field) for field in descriptor.fields}


def _setter(field: Any) -> Setter:
    if is_map(field):
        return functools.partial(_set_map, field.name)
    if kind_of(field) == "message":
        convert = _WELL_KNOWN.get(field.message_type.full_name, fill_message)
        if is_repeated(field):
            return functools.partial(_add_messages, field.name, convert)
        return functools.partial(_set_message, field.name, convert)
    check = _enum_check(field.enum_type) if kind_of(field) == "enum" else _CHECKS[kind_of(field)]
    if is_repeated(field):
        return functools.partial(_set_many, field.name, check)
    return functools.partial(_set_one, field.name, check)


def _set_one(
    name: str, check: Callable[[Any, str], Any], message: Any, value: Any, path: str
) -> None:
    setattr(message, name, check(value, path))


def _set_many(
    name: str, check: Callable[[Any, str], Any], message: Any, value: Any, path: str
) -> None:
    getattr(message, name).extend([check(one, path) for one in many(value, path)])


def _set_message(
    name: str, convert: Callable[[Any, Any, str], None], message: Any, value: Any, path: str
) -> None:
    inner = getattr(message, name)
    inner.SetInParent()
    convert(inner, value, path)


def _add_messages(
    name: str, convert: Callable[[Any, Any, str], None], message: Any, value: Any, path: str
) -> None:
    inner = getattr(message, name)
    for index, one in enumerate(many(value, path)):
        convert(inner.add(), one, f"{path}[{index}]")


def _set_map(name: str, message: Any, value: Any, path: str) -> None:
    inner = getattr(message, name)
    if not isinstance(value, Mapping):
        raise field_error(path, f"got {type(value).__name__}, wanted a dict of text to text")
    for key, text in value.items():
        inner[check_text(key, path)] = check_text(text, path)


def fill_message(message: Any, value: Any, path: str) -> None:
    """Fills a message from a dict or from an answer of its kind."""
    if isinstance(value, Answer):
        if type(value).__name__ != message.DESCRIPTOR.name:
            raise field_error(
                path, f"got {type(value).__name__}, wanted {message.DESCRIPTOR.name} or a dict"
            )
        other = value.message()
        if other is None:
            fill(message, vars(value), path + ".")
        else:
            message.CopyFrom(other)
    elif isinstance(value, Mapping):
        fill(message, value, path + ".")
    else:
        raise field_error(path, f"got {type(value).__name__}, wanted a dict")


def many(value: Any, path: str) -> Iterable[Any]:
    """`value` if it is a list, or another iterable that is neither text nor a dict."""
    # Text is a sequence of texts to Python: survey_ids="q5" would be "q" and "5".
    if isinstance(value, (str, bytes, bytearray, Mapping)) or not isinstance(value, Iterable):
        raise field_error(path, f"got {type(value).__name__}, wanted a list")
    return value


def check_text(value: Any, path: str) -> str:
    """`value` if it is text that UTF-8 can have."""
    if not isinstance(value, str):
        raise field_error(path, f"got {type(value).__name__}, wanted str")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise field_error(
            path, f"got half a character at {error.start}, wanted whole text"
        ) from None
    return value


def check_int(value: Any, path: str, bits: int) -> int:
    """`value` as an int, if it is a whole number of so many bits and a sign."""
    # True is 1 to Python, and a mistake here.
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise field_error(path, f"got {value!r:.60}, wanted an int")
    number = int(value)
    if not -(1 << bits) <= number < 1 << bits:
        raise field_error(path, f"got {number}, wanted an int of {bits + 1} bits")
    return number


def _check_double(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise field_error(path, f"got {value!r:.60}, wanted a number")
    return float(value)


def _check_bool(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise field_error(path, f"got {value!r:.60}, wanted True or False")
    return value


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "string": check_text,
    "double": _check_double,
    "bool": _check_bool,
    "int32": functools.partial(check_int, bits=31),
    "int64": functools.partial(check_int, bits=63),
}


@functools.cache
def _enum_check(enum: Any) -> Callable[[Any, str], int]:
    return functools.partial(enum_number, enum)


@functools.cache
def enum_numbers(enum: Any) -> dict[str, int]:
    """The number of each name of an enum, with its prefix and without."""
    prefix = enum_prefix(enum)
    short = {value.name.removeprefix(prefix): value.number for value in enum.values}
    return short | {value.name: value.number for value in enum.values}


def enum_number(enum: Any, value: Any, path: str) -> int:
    """The number of an enum's name; InvalidArgument, with the known ones, for anything else."""
    numbers_of_names = enum_numbers(enum)
    if not isinstance(value, str) or value not in numbers_of_names:
        prefix = enum_prefix(enum)
        known = [v.name.removeprefix(prefix) for v in enum.values if v.number != 0]
        raise field_error(path, f"got {value!r:.60}, wanted one of {', '.join(known)}")
    return numbers_of_names[value]


def _fill_timestamp(message: Any, value: Any, path: str) -> None:
    ms = unix_ms(value, path)
    message.seconds, rest = divmod(ms, 1000)
    message.nanos = rest * 1_000_000


def _fill_duration(message: Any, value: Any, path: str) -> None:
    if not isinstance(value, timedelta):
        raise field_error(path, f"got {type(value).__name__}, wanted a timedelta")
    message.FromTimedelta(value)


def _fill_mask(message: Any, value: Any, path: str) -> None:
    message.paths.extend([check_text(one, path) for one in many(value, path)])


_WELL_KNOWN: dict[str, Callable[[Any, Any, str], None]] = {
    "google.protobuf.Timestamp": _fill_timestamp,
    "google.protobuf.Duration": _fill_duration,
    "google.protobuf.FieldMask": _fill_mask,
}
