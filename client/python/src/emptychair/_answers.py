"""The base of all answers: frozen dataclasses, whose fields are read when they are needed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from emptychair._errors import from_status
from emptychair._position import Position
from emptychair._table import enum_prefix, is_map, is_repeated, kind_of
from emptychair._times import from_timestamp

_Class = TypeVar("_Class", bound=type)
_A = TypeVar("_A", bound="Answer")

_classes: dict[str, type[Answer]] = {}


class Answer:
    """An answer, or a part of one. Immutable, and so thread-safe."""

    def message(self) -> Any:
        """The protobuf message that it was read from, not to be changed; None for one made by
        hand.
        """
        return self.__dict__.get("_message")

    if not TYPE_CHECKING:  # To a type checker there are the declared fields alone.

        def __getattr__(self, name):
            # Only for what is not in __dict__: a field that was not read yet.
            message = self.message()
            read = _readers(message.DESCRIPTOR).get(name) if message is not None else None
            if read is None:
                raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
            value = self.__dict__[name] = read(message)
            return value


class Positioned:
    """An answer that says at which position the store was read."""

    store_id: str
    epoch: str
    sequence: int

    @property
    def position(self) -> Position:
        """Where WatchFeedback goes on from."""
        return Position(self.store_id, self.epoch, self.sequence)


def answer_of(full_name: str) -> Callable[[_Class], _Class]:
    """Declares the class of the answers that have this message."""

    def declare(kind: _Class) -> _Class:
        _classes[full_name] = kind
        return kind

    return declare


def wrap(message: Any, kind: type[_A]) -> _A:
    """The answer that a message is."""
    answer = object.__new__(kind)
    answer.__dict__["_message"] = message
    return answer


@functools.cache
def _readers(descriptor: Any) -> dict[str, Callable[[Any], Any]]:
    return {field.name: _reader(field) for field in descriptor.fields}


def _reader(field: Any) -> Callable[[Any], Any]:
    name = field.name
    if is_map(field):
        return lambda message: dict(getattr(message, name))
    convert = _converter(field)
    if is_repeated(field):
        return lambda message: tuple([convert(one) for one in getattr(message, name)])
    if field.has_presence:
        return lambda message: convert(getattr(message, name)) if message.HasField(name) else None
    return lambda message: convert(getattr(message, name))


def _converter(field: Any) -> Callable[[Any], Any]:
    if kind_of(field) == "enum":
        return functools.partial(enum_name, field.enum_type)
    if kind_of(field) != "message":
        return lambda value: value
    full_name = field.message_type.full_name
    if full_name in _WELL_KNOWN:
        return _WELL_KNOWN[full_name]
    return lambda message: wrap(message, _classes[full_name])


@functools.cache
def _names(enum: Any) -> dict[int, str | None]:
    prefix = enum_prefix(enum)
    return {v.number: v.name.removeprefix(prefix) if v.number else None for v in enum.values}


def enum_name(enum: Any, number: int) -> str | None:
    """The name without its prefix; None for UNSPECIFIED; digits for one that is newer than this."""
    return _names(enum).get(number, str(number))


_WELL_KNOWN: dict[str, Callable[[Any], Any]] = {
    "google.protobuf.Timestamp": from_timestamp,
    "google.protobuf.Duration": lambda message: message.ToTimedelta(),
    "google.protobuf.FieldMask": lambda message: tuple(message.paths),
    "google.rpc.Status": from_status,
}
