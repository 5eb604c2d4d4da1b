#!/usr/bin/python3
"""Takes feedback in a web application without ever making a visitor wait for it.

    request_handler.py [--listen HOST:PORT]

POST /feedback with {"score": 9, "customer": "c-1"} adds an answer to the survey "checkout";
GET /metrics shows Prometheus what became of them. The server is where EMPTYCHAIR_ENDPOINT says.
Under gunicorn, make client and writer in `post_fork`: they are not for children of their process.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import emptychair


def metrics_of(counters: emptychair.Counters) -> str:
    """The counters of a writer as Prometheus reads them."""
    values = {field.name: getattr(counters, field.name) for field in dataclasses.fields(counters)}
    gauges = {
        "oldest_age_seconds": values.pop("oldest_age"),
        "failing": int(values.pop("last_error") is not None),
        "queued_records": values.pop("queued_records"),
        "queued_bytes": values.pop("queued_bytes"),
    }
    families = [(f"{name}_total", "counter", value) for name, value in values.items()]
    families += [(name, "gauge", value) for name, value in gauges.items()]
    return "".join(
        f"# TYPE feedback_writer_{name} {kind}\nfeedback_writer_{name} {value}\n"
        for name, kind, value in families
    )


def make_server(writer: emptychair.FeedbackWriter, host: str, port: int) -> ThreadingHTTPServer:
    """An HTTP server whose handlers give their answers to `writer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
                writer.add("checkout", score=sent["score"], customer_id=sent.get("customer"))
                self.send_response(202)
            except (KeyError, TypeError, ValueError, emptychair.InvalidArgument):
                self.send_response(400)
            except emptychair.EmptyChairError:  # The writer is full: the service is gone for long.
                self.send_response(503)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(metrics_of(writer.counters()).encode())

    return ThreadingHTTPServer((host, port), Handler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:8080")
    host, _, port = parser.parse_args().listen.rpartition(":")
    with emptychair.Client() as client, emptychair.FeedbackWriter(client) as writer:
        server = make_server(writer, host, int(port))
        print(f"listening on {host}:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
