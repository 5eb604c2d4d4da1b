"""How a client reaches the server: endpoints, credentials, key."""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

import grpc

from emptychair._errors import EmptyChairError, field_error, make_error

DEFAULT_ENDPOINT = "127.0.0.1:7443"
DEFAULT_TIMEOUT = 10.0
_TIMEOUT_MAX = 24 * 3600.0
_KEY_BYTES_MAX = 256
_KEY_FILE_BYTES_MAX = 1024
_SOCKET_PATH_MAX = 107
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)"
_SWITCH = {"true": True, "1": True, "false": False, "0": False}
_MESSAGE_BYTES_MAX = 16 << 20

CHANNEL_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", _MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", _MESSAGE_BYTES_MAX),
    # Plain text does not go through whatever proxy the environment names.
    ("grpc.enable_http_proxy", 0),
    # A server that cannot be reached is reported within 2 s; gRPC alone would try for 20 s. One
    # that comes back is found soon; gRPC alone would wait up to two minutes.
    ("grpc.min_reconnect_backoff_ms", 1500),
    ("grpc.dns_ares_query_timeout", 1500),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # A connection that died without a word is noticed; more often than this servers refuse.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
]


@dataclass(frozen=True)
class Tls:
    """Encryption by TLS 1.2 or later. The files are PEM, and read when the client is made.

    ca_file: certificates of who may have issued the server's; None: those that the machine trusts.
    certificate_file, key_file: the client's certificate, followed by those that issued it, and its
        key, which has no passphrase: both or neither.
    server_name: the name that the server's certificate must have; None: the endpoint's host.
    """

    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None


@dataclass(frozen=True)
class Settings:
    """What a client is made of, checked."""

    endpoints: tuple[str, ...]
    tls: Tls | None
    api_key: ApiKey | None
    timeout: float
    traceparent: Callable[[], str | None] | None

    def options(self) -> list[tuple[str, int | str]]:
        """The arguments of a channel."""
        if self.tls is None or self.tls.server_name is None:
            return CHANNEL_OPTIONS
        return [*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", self.tls.server_name)]

    def credentials(self) -> grpc.ChannelCredentials | None:
        """The credentials of a channel; None: plain text."""
        if self.tls is None:
            return None
        return grpc.ssl_channel_credentials(
            _read_pem("credentials.ca_file", self.tls.ca_file),
            _read_pem("credentials.key_file", self.tls.key_file),
            _read_pem("credentials.certificate_file", self.tls.certificate_file),
        )


class ApiKey:
    """The key that calls send, from a file or a function. Thread-safe."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self.text = read()

    def renew_after(self, sent: str) -> bool:
        """Reads it again; whether the key is another one than `sent` by now."""
        try:
            self.text = self._read()
        except Exception:  # Of a caller's function, whatever it is: there is no other key.
            return False
        return self.text != sent


def make_settings(
    endpoint: str | Sequence[str] | None,
    credentials: Tls | None,
    api_key_file: str | None,
    timeout: float | None,
    allow_key_in_plain_text: bool,
    traceparent: Callable[[], str | None] | None,
    api_key_source: Callable[[], str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Checks what a client is made with; what is None comes from the environment, as of chairctl.

    Raises InvalidArgument with the name of what is wrong. No error has anything of a file in it.
    """
    variables = os.environ if environment is None else environment
    if endpoint is None:
        endpoint = variables.get("EMPTYCHAIR_ENDPOINT") or DEFAULT_ENDPOINT
    endpoints: list[str] = [endpoint] if isinstance(endpoint, str) else _list_of(endpoint)
    if not endpoints:
        raise field_error("endpoint", "got no endpoint, wanted HOST:PORT or unix:PATH")
    for one in endpoints:
        _check_endpoint(one)
    tls = credentials if credentials is not None else _tls_of(variables)
    if tls is not None and (tls.certificate_file is None) != (tls.key_file is None):
        absent = "key_file" if tls.key_file is None else "certificate_file"
        raise field_error(
            f"credentials.{absent}",
            "must be given, because a client's certificate comes with its key",
            "FIELD_REQUIRED",
        )
    read_key = _key_reader(api_key_file, api_key_source, variables)
    if read_key is not None and tls is None and not allow_key_in_plain_text:
        _check_key_stays_here(endpoints)
    return Settings(
        tuple(endpoints),
        tls,
        None if read_key is None else ApiKey(read_key),
        _timeout_of(timeout, variables),
        traceparent,
    )


def _list_of(endpoints: Any) -> list[str]:
    if not isinstance(endpoints, (list, tuple)):
        raise field_error("endpoint", f"is {endpoints!r:.256}; wanted HOST:PORT or a list of them")
    return list(endpoints)


def check_timeout(value: float) -> float:
    """`value` if it can be the time limit of a call, in seconds."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not 0 < value <= _TIMEOUT_MAX
    ):
        raise field_error(
            "timeout", f"got {value!r:.60}, wanted seconds, above 0 and at most 86,400"
        )
    return float(value)


def _timeout_of(timeout: float | None, variables: Mapping[str, str]) -> float:
    if timeout is not None:
        return check_timeout(timeout)
    text = variables.get("EMPTYCHAIR_TIMEOUT")
    if not text:
        return DEFAULT_TIMEOUT
    if re.fullmatch(f"({_DURATION_PART})+", text):
        parts = re.findall(_DURATION_PART, text)
        return check_timeout(sum(float(number) * _UNITS[unit] for number, unit in parts))
    raise field_error("EMPTYCHAIR_TIMEOUT", f"got {text!r:.60}, wanted a time such as 10s or 500ms")


def _tls_of(variables: Mapping[str, str]) -> Tls | None:
    def value(name: str) -> str | None:
        return variables.get(f"EMPTYCHAIR_{name}") or None

    switch = (value("TLS") or "false").lower()
    if switch not in _SWITCH:
        raise field_error("EMPTYCHAIR_TLS", f"got {switch!r:.60}, wanted true or false")
    if not _SWITCH[switch]:
        return None
    return Tls(value("CA_FILE"), value("CERT_FILE"), value("CERT_KEY_FILE"), value("SERVER_NAME"))


def _check_endpoint(endpoint: str) -> None:
    if isinstance(endpoint, str) and endpoint.startswith("unix:"):
        path = endpoint.removeprefix("unix:")
        if 0 < len(os.fsencode(path)) <= _SOCKET_PATH_MAX and "\0" not in path:
            return
    elif isinstance(endpoint, str):
        host, colon, port = endpoint.rpartition(":")
        if colon and host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536:
            return
    raise field_error("endpoint", f"is {endpoint!r:.256}; wanted HOST:PORT or unix:PATH")


def _check_key_stays_here(endpoints: Sequence[str]) -> None:
    for endpoint in endpoints:
        if not endpoint.startswith("unix:") and not is_loopback(endpoint.rpartition(":")[0]):
            raise field_error(
                "credentials",
                f"are plain text, and the key would go to {endpoint!r:.256} for all on the way to "
                "read; wanted Tls(...), or allow_key_in_plain_text if the network in between is "
                "trusted",
            )


def is_loopback(host: str) -> bool:
    """Whether a host, perhaps in brackets, is this machine. No name is looked up."""
    bare = host.removeprefix("[").removesuffix("]")
    if bare.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def target_of(endpoint: str) -> str:
    """The endpoint as gRPC takes it: the path of a socket is part of a URI there."""
    if not endpoint.startswith("unix:"):
        return endpoint
    return "unix:" + urllib.parse.quote(endpoint.removeprefix("unix:"), safe="/.-_~")


def _read_pem(option: str, path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise field_error(option, f"{path!r:.256} cannot be read: {error.strerror}") from None
    if b"-----BEGIN " not in data:
        raise field_error(option, f"{path!r:.256} has no PEM in it")
    return data


def _key_reader(
    path: str | None, source: Callable[[], str] | None, variables: Mapping[str, str]
) -> Callable[[], str] | None:
    """What reads the key; None: there is none."""
    if source is not None:
        if path is not None:
            raise field_error("api_key_file", "is given beside api_key_source; wanted one of them")
        return functools.partial(_read_source, source)
    path = path or variables.get("EMPTYCHAIR_KEY_FILE") or None
    return None if path is None else functools.partial(_read_key, path)


def _read_source(source: Callable[[], str]) -> str:
    return _parse_key("api_key_source", "what was given", source().encode())


def _read_key(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_KEY_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise field_error(
            "api_key_file", f"{path!r:.256} cannot be read: {error.strerror}"
        ) from None
    return _parse_key("api_key_file", f"{path!r:.256}", data)


def _parse_key(option: str, where: str, data: bytes) -> str:
    key = data.strip()
    if not 0 < len(key) <= _KEY_BYTES_MAX or not all(33 <= byte <= 126 for byte in key):
        raise field_error(option, f"{where} holds no key; wanted eck_… on one line")
    return key.decode()


class Process:
    """Tells the process that a client was made in from its children, where channels do not work."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def check(self) -> None:
        """Raises FAILED_PRECONDITION in another process."""
        if os.getpid() != self._pid:
            raise make_error(
                "FAILED_PRECONDITION",
                f"the client was made in process {self._pid}, and connections do not survive a "
                "fork: make one in each process, such as in gunicorn's post_fork",
            )
