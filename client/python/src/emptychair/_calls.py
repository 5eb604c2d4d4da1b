"""What sync and asyncio clients share: methods, requests, metadata."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import re
from typing import Any, Callable, Iterable, Mapping, TypeVar

from google.protobuf import message_factory, symbol_database

from emptychair import _inputs
from emptychair._answers import wrap
from emptychair._connection import Settings
from emptychair._errors import field_error
from emptychair._position import Position
from emptychair._records import encode_any, encode_record
from emptychair._retries import Retries
from emptychair._table import PACKAGE, SERVICES, Method, is_repeated

_T = TypeVar("_T", bound=type)

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_FEEDBACK = f"{PACKAGE}.Feedback"


@functools.cache
def methods() -> Mapping[str, Method]:
    """All methods of the API by the names of their RPCs."""
    found = {}
    for module, service in SERVICES.items():
        file = importlib.import_module(f"{PACKAGE}.{module}_service_pb2")
        for descriptor in file.DESCRIPTOR.services_by_name[service].methods:
            found[descriptor.name] = Method(module, descriptor)
    return found


@functools.cache
def message_class(descriptor: Any) -> Any:
    """The class of a message's descriptor."""
    # Protobuf 4.22 brought the function and 5 took the method away.
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return symbol_database.Default().GetPrototype(descriptor)


def make_request(method: Method, values: Mapping[str, Any]) -> Any:
    """The request of a call from its arguments. Raises InvalidArgument."""
    request = message_class(method.request)()
    resource = method.resource
    if resource is None:
        _fill_with_records(request, values)
        return request
    of_resource = {k: v for k, v in values.items() if k in resource.message_type.fields_by_name}
    inner = getattr(request, resource.name)
    inner.SetInParent()
    if method.rpc == "SubmitFeedback":
        inner.MergeFromString(encode_record(**of_resource))
    else:
        _inputs.fill(inner, of_resource, f"{resource.name}.")
    _inputs.fill(request, {k: v for k, v in values.items() if k not in of_resource})
    return request


def _fill_with_records(request: Any, values: Mapping[str, Any]) -> None:
    """As _inputs.fill, but that records are checked and get their ids."""
    values = dict(values)
    for field in request.DESCRIPTOR.fields:
        if is_repeated(field) and field.message_type is not None:
            if field.message_type.full_name == _FEEDBACK and field.name in values:
                records = getattr(request, field.name)
                for index, record in enumerate(_inputs.many(values.pop(field.name), field.name)):
                    encoded = encode_any(record, f"{field.name}[{index}].")
                    records.add().MergeFromString(encoded)
    _inputs.fill(request, values)


def make_watch(method: Method, position: Position | None, values: Mapping[str, Any]) -> Any:
    """The request of a watch; `position` stands for the three fields that it is made of."""
    if position is None:
        return make_request(method, values)
    parts = {
        "after_sequence": position.sequence,
        "store_id": position.store_id,
        "epoch": position.epoch,
    }
    for name in parts:
        if values.get(name) is not None:
            raise field_error(name, "is given beside position; wanted one of them")
    return make_request(method, {**values, **parts})


def make_batch(method: Method, batch: Any, number: int, import_id: str | None) -> Any:
    """A batch of an upload from the records, or activities, in it."""
    request = message_class(method.request)()
    values = {"batch_number": number, method.item.name: batch, "import_id": import_id}
    _fill_with_records(request, values)
    return request


def serialize(request: Any) -> bytes:
    """A request as bytes; one that is bytes already goes as it is."""
    if isinstance(request, bytes):
        return request
    serialized: bytes = request.SerializeToString()
    return serialized


def metadata_of(settings: Settings, retries: Retries | None = None) -> list[tuple[str, str]]:
    """The metadata of an attempt."""
    metadata = []
    if settings.api_key is not None:
        key = settings.api_key.text
        metadata.append(("authorization", f"Bearer {key}"))
        if retries is not None:
            retries.sent_key = key
    if settings.traceparent is not None:
        trace = settings.traceparent()
        if trace and _TRACEPARENT.fullmatch(trace):
            metadata.append(("traceparent", trace))
    return metadata


def answer(method: Method, kind: Any, response: Any, request: Any) -> Any:
    """The answer that a call gives."""
    answered = wrap(response, kind)
    if method.rpc == "QueryMetric":
        # Which keys the group values are of is in the request alone.
        answered.__dict__["_group_by"] = tuple(request.group_by)
    return answered


def suggests_names(kind: _T) -> _T:
    """Has the methods of a class name the nearest argument when one is misspelt."""
    for name, function in list(vars(kind).items()):
        if inspect.isfunction(function) and not name.startswith("_"):
            setattr(kind, name, _suggesting(function))
    return kind


def _suggesting(function: Callable[..., Any]) -> Callable[..., Any]:
    known = frozenset(inspect.signature(function).parameters)

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if not named.keys() <= known:
            raise misspelt(function.__name__, min(named.keys() - known), known)
        return function(*arguments, **named)

    return call


def misspelt(function: str, name: str, known: Iterable[str]) -> TypeError:
    """The error for an argument that a function does not have."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
