"""The raw stubs of all services."""

from __future__ import annotations

import importlib
from typing import Any

from emptychair._table import PACKAGE, SERVICES


class Stubs:
    """A stub for each service, as gRPC generates them, on one channel."""

    survey: Any
    feedback: Any
    metrics: Any
    customer: Any
    access: Any
    admin: Any

    def __init__(self, channel: Any) -> None:
        for name, service in SERVICES.items():
            module = importlib.import_module(f"{PACKAGE}.{name}_service_pb2_grpc")
            setattr(self, name, getattr(module, f"{service}Stub")(channel))
