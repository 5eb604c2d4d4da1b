"""What the descriptors of the API say, in the terms of this package.

The one place that decides how a method or a field looks in Python: the generator of the typed
surface and the conversion at run time both ask here.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, NamedTuple

SERVICES = {
    "survey": "SurveyService",
    "feedback": "FeedbackService",
    "metrics": "MetricsService",
    "customer": "CustomerService",
    "access": "AccessService",
    "admin": "AdminService",
}
PACKAGE = "emptychair.v1"

# How a method is called: one answer, all pages, a stream of answers, the feed of changes, an
# upload.
UNARY, LIST, STREAM, WATCH, UPLOAD = "unary", "list", "stream", "watch", "upload"

# Of FieldDescriptor: its numbers are those of descriptor.proto.
KIND_OF_TYPE = {
    1: "double",
    3: "int64",
    5: "int32",
    8: "bool",
    9: "string",
    11: "message",
    14: "enum",
}
_REPEATED = 3
_IDEMPOTENCY_UNKNOWN = 0


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def kind_of(field: Any) -> str:
    """ "double", "int64", "int32", "bool", "string", "message" or "enum"."""
    return KIND_OF_TYPE[field.type]


def is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def is_repeated(field: Any) -> bool:
    """Whether it has several values, a map not being meant."""
    # Protobuf 7 has no `label` any more, 4 not yet `is_repeated`.
    has_many = field.is_repeated if hasattr(field, "is_repeated") else field.label == _REPEATED
    return bool(has_many) and not is_map(field)


def enum_prefix(enum: Any) -> str:
    """What all names of the enum's values begin with."""
    return snake_case(enum.name).upper() + "_"


class Argument(NamedTuple):
    """An argument of a method: a field of its request, or of the one resource in there."""

    field: Any
    is_of_resource: bool


class Method:
    """A method of the API."""

    def __init__(self, service: str, descriptor: Any) -> None:
        self.service = service
        self.rpc = str(descriptor.name)
        self.name = snake_case(descriptor.name)
        self.descriptor = descriptor
        self.request: Any = descriptor.input_type
        self.response: Any = descriptor.output_type
        self.path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
        self.can_repeat = descriptor.GetOptions().idempotency_level != _IDEMPOTENCY_UNKNOWN
        self.resource = _resource_of(self.request)
        self.form = self._form()

    def _form(self) -> str:
        if self.descriptor.client_streaming:
            return UPLOAD
        if "after_sequence" in self.request.fields_by_name:
            return WATCH
        if self.descriptor.server_streaming:
            return STREAM
        return LIST if "next_page_token" in self.response.fields_by_name else UNARY

    @property
    def item(self) -> Any:
        """The field of a list's response, or an upload's request, that has the things
        themselves.
        """
        message = self.response if self.form == LIST else self.request
        return next(f for f in message.fields if is_repeated(f) and kind_of(f) == "message")

    def arguments(self) -> Iterator[Argument]:
        for field in self.request.fields:
            if self.form == UPLOAD and (field is self.item or field.name == "batch_number"):
                continue
            if field is self.resource:
                for inner in field.message_type.fields:
                    yield Argument(inner, True)
            else:
                yield Argument(field, False)


def _resource_of(request: Any) -> Any:
    """The field with the one thing that a request is about, `Survey survey = 1`, or None.

    Its fields stand in its place among the arguments.
    """
    for field in request.fields:
        if (
            kind_of(field) == "message"
            and not is_repeated(field)
            and not is_map(field)
            and field.name == snake_case(field.message_type.name)
        ):
            return field
    return None
