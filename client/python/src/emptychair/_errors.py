"""The errors of calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Mapping

import grpc

from emptychair import _google_rpc  # noqa: F401  (before google.rpc)
from google.rpc import code_pb2, error_details_pb2, status_pb2

_DOMAIN = "emptychair"
_STATUS_KEY = "grpc-status-details-bin"
_REQUEST_ID_KEY = "x-request-id"


@dataclass(frozen=True)
class FieldViolation:
    """A field at fault.

    field: its path in the request, such as "feedback.labels".
    description: what came and what was wanted, for people.
    """

    field: str
    description: str


class EmptyChairError(Exception):
    """What went wrong in a call, or why it was not sent.

    Program against `code` and `reason`; the message is for people and can change.

    code: the name of the gRPC code, such as "NOT_FOUND".
    reason: the name of the service's reason, such as "SURVEY_NOT_FOUND"
        (emptychair/v1/error_reason.proto says what each means); None for an error of the
        transport or of somebody in between.
    message: one sentence.
    metadata: further facts by key, as the reason defines them.
    field_violations: the fields at fault.
    retry_delay: the least time after which the same call may be sent again; None: none was said.
    request_id: the call's id in the server's logs; None for a call that did not reach it.
    attempts: how often the call was sent; 0 for one that was refused before.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        field_violations: tuple[FieldViolation, ...] = (),
        retry_delay: timedelta | None = None,
        request_id: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata: dict[str, str] = dict(metadata or {})
        self.field_violations = field_violations
        self.retry_delay = retry_delay
        self.request_id = request_id
        self.attempts = attempts

    def __str__(self) -> str:
        return f"{self.message} [{self.reason or self.code}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.message, dict(self.__dict__))


def _rebuild(
    kind: type[EmptyChairError], code: str, message: str, state: dict[str, Any]
) -> EmptyChairError:
    error = kind(code, message)
    error.__dict__.update(state)
    return error


class InvalidArgument(EmptyChairError):
    """INVALID_ARGUMENT: what was given is wrong, whenever it is sent. Also raised before
    sending.
    """


class NotFound(EmptyChairError):
    """NOT_FOUND: there is no such survey, record, customer, key …."""


class AlreadyExists(EmptyChairError):
    """ALREADY_EXISTS: something else has the id, such as CONTENT_DIFFERS."""


class Unavailable(EmptyChairError):
    """UNAVAILABLE: the server could not be reached, or was stopping, until the time was over."""


class Unauthenticated(EmptyChairError):
    """UNAUTHENTICATED: no key was sent, or none that the server takes."""


_CLASSES: dict[str, type[EmptyChairError]] = {
    "INVALID_ARGUMENT": InvalidArgument,
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": AlreadyExists,
    "UNAVAILABLE": Unavailable,
    "UNAUTHENTICATED": Unauthenticated,
}


def make_error(code: str, message: str, **details: Any) -> EmptyChairError:
    """An error of the class that goes with the code; details as for EmptyChairError."""
    return _CLASSES.get(code, EmptyChairError)(code, message, **details)


def field_error(field: str, description: str, reason: str = "FIELD_INVALID") -> EmptyChairError:
    """An error about one field, as the server would answer it."""
    return make_error(
        "INVALID_ARGUMENT",
        f"{field}: {description}",
        reason=reason,
        metadata={"field": field},
        field_violations=(FieldViolation(field, description),),
    )


def from_status(
    status: Any, *, request_id: str | None = None, attempts: int = 0
) -> EmptyChairError:
    """The error that a google.rpc.Status says, with all its details."""
    details: dict[str, Any] = {}
    for packed in status.details:
        info = error_details_pb2.ErrorInfo()
        retry = error_details_pb2.RetryInfo()
        request = error_details_pb2.BadRequest()
        if packed.Unpack(info):
            if info.domain == _DOMAIN:
                details["reason"] = info.reason
                details["metadata"] = dict(info.metadata)
        elif packed.Unpack(retry):
            details["retry_delay"] = retry.retry_delay.ToTimedelta()
        elif packed.Unpack(request):
            details["field_violations"] = tuple(
                FieldViolation(v.field, v.description) for v in request.field_violations
            )
    code = _code_name(status.code)
    message = status.message
    if details.get("reason") == "TIME_OUT_OF_RANGE":
        message += "; if that is the time now, this machine's clock is ahead of the server's"
    return make_error(code, message, request_id=request_id, attempts=attempts, **details)


def _code_name(number: int) -> str:
    try:
        return str(code_pb2.Code.Name(number))
    except ValueError:
        return "UNKNOWN"


def from_rpc(error: Any, attempts: int) -> EmptyChairError:
    """The error of an attempt, from gRPC's: a grpc.RpcError, or what asyncio raises."""
    code: grpc.StatusCode = error.code()
    message: str = error.details() or ""
    metadata: dict[str, Any] = {}
    for items in (error.initial_metadata(), error.trailing_metadata()):
        for key, value in items or ():
            metadata[key] = value
    request_id = metadata.get(_REQUEST_ID_KEY)
    # Nobody here asked for it: a server or a proxy that ends says so in different ways.
    if code is grpc.StatusCode.CANCELLED:
        return make_error("UNAVAILABLE", message, request_id=request_id, attempts=attempts)
    packed = metadata.get(_STATUS_KEY)
    if packed is not None:
        status = status_pb2.Status()
        try:
            status.ParseFromString(packed)
        except Exception:  # What is no status is no detail; its class differs between versions.
            status.Clear()
        if status.code == code.value[0]:
            return from_status(status, request_id=request_id, attempts=attempts)
    return make_error(code.name, message, request_id=request_id, attempts=attempts)


def is_retryable(error: EmptyChairError) -> bool:
    """Whether the same call can succeed later."""
    return error.code == "UNAVAILABLE" or (
        error.code == "RESOURCE_EXHAUSTED" and error.retry_delay is not None
    )
