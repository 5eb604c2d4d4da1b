"""Finds the messages of google/rpc.

Two copies of them in one process do not load, and other libraries bring theirs: where they are
installed, those are used, and the copy in this package only where there is none (as on Debian).
"""

import importlib
import os


def provide() -> None:
    """Makes `google.rpc` importable."""
    try:
        importlib.import_module("google.rpc.error_details_pb2")
    except ImportError:
        google = importlib.import_module("google")
        bundled = os.path.join(os.path.dirname(__file__), "_bundled", "google")
        google.__path__ = [*google.__path__, bundled]
        importlib.invalidate_caches()


provide()
