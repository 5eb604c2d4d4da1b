#!/usr/bin/python3
"""Each client reads the spools that the others write, and keeps them out of its own.

    spools.py --cpp PROGRAM [--python PACKAGE_PARENT] [--node BUILD_FOLDER --server S --protoc P]

The clients are programs with these commands:

    write DIR ANSWERED HEX...    appends records, and acknowledges all below the number ANSWERED
    read DIR...                  a line for each: "torn N next NUMBER NUMBER:HEX...", "ERROR CODE"
    hold DIR                     says "held" and has the spool until its standard input ends

Exits with 77 where there is no second client: without gRPC for Python, and without Node.
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[2]
MAGIC = b"ECSPOOL1"
HEAD = 8
PATIENCE = 600  # Seconds, for what takes one on a machine that has time.
SKIPPED = 77


class Client:
    """The program of a language."""

    def __init__(self, name, command, **environment):
        self.name = name
        self._command = [str(part) for part in command]
        self._environment = {**os.environ, **environment}

    def run(self, *arguments):
        ran = subprocess.run(
            [*self._command, *map(str, arguments)], env=self._environment, text=True,
            stdout=subprocess.PIPE, timeout=PATIENCE, check=True,
        )  # fmt: skip
        return ran.stdout.splitlines()

    def hold(self, directory):
        """A process that has the spool."""
        holder = subprocess.Popen(
            [*self._command, "hold", str(directory)], env=self._environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        said = holder.stdout.readline()
        assert said == "held\n", f"{self.name} said {said!r}"
        return holder


def python_client(parent):
    can_import = subprocess.run(
        [sys.executable, "-c", "import grpc, google.protobuf"], stderr=subprocess.DEVNULL
    )
    if can_import.returncode == 0:
        yield Client("python", [sys.executable, HERE / "spool_tool.py"], PYTHONPATH=parent)


def node_client(build, server, protoc):
    """The Node client, built if need be."""
    run = TREE / "client" / "node" / "test" / "run"
    built = subprocess.run([run, server, build, protoc, "build"], timeout=PATIENCE)
    if built.returncode != SKIPPED:
        assert built.returncode == 0, "the Node client does not build"
        package = str(pathlib.Path(build) / "package")
        yield Client("node", ["node", HERE / "spool_tool.mjs"], NODE_CLIENT=package)


def records_of(data):
    """The records of a file, and where each ends."""
    at, found = len(MAGIC), []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        found.append((data[at + HEAD : at + HEAD + size].hex(), at + HEAD + size))
        at = found[-1][1]
    return found


def line_of(torn, next_number, records):
    return f"torn {torn} next {next_number}" + "".join(f" {n}:{hex}" for n, hex in records)


def check_reading(reader, writer, name, data, folder):
    """Reads the file of `writer`, cut at every byte."""
    records = records_of(data)
    ends = [len(MAGIC), *(end for _, end in records)]
    directories = []
    for length in range(len(data) + 1):
        directory = folder / f"{reader.name}-{writer.name}-{length}"
        directory.mkdir()
        (directory / name).write_bytes(data[:length])
        directories.append(directory)
    for length, line in enumerate(reader.run("read", *directories)):
        whole = [(n, hex) for n, (hex, end) in enumerate(records) if end <= length]
        torn = int(length > len(MAGIC) and length not in ends)
        wanted = line_of(torn, len(whole), whole)
        assert line == wanted, f"{reader.name} of {writer.name}, cut at {length}: {line}; {wanted}"
    shutil.rmtree(folder)
    folder.mkdir()


def check_files(clients, folder):
    """All write the same bytes, and each reads what another has written."""
    vectors = json.loads((TREE / "tests" / "vectors" / "clients.json").read_text())["spool"]
    vector = vectors["three_records"]
    records = [hex for hex, _ in records_of(bytes.fromhex(vector["bytes"]))]
    for writer in clients:
        directory = folder / "written"
        writer.run("write", directory, 0, *records)
        data = (directory / vector["name"]).read_bytes()
        assert data.hex() == vector["bytes"], f"{writer.name} wrote {data.hex()}"
        shutil.rmtree(directory)
        for reader in clients:
            check_reading(reader, writer, vector["name"], data, folder)


def check_acknowledged(clients, folder):
    """What one has noted as answered another does not send, and its numbers go on."""
    many = [f"{number:08x}" for number in range(1, 6)]
    for number, (first, second) in enumerate(itertools.permutations(clients, 2)):
        directory = folder / f"acked-{number}"
        first.run("write", directory, 2, *many)
        wanted = line_of(0, 5, list(enumerate(many))[2:])
        for one in (second, first):
            line = one.run("read", directory)[0]
            assert line == wanted, f"{one.name} after {first.name}: {line}; {wanted}"
        second.run("write", directory, 4, "ffff")
        line = first.run("read", directory)[0]
        assert line == line_of(0, 6, [(4, many[4]), (5, "ffff")]), f"{first.name}: {line}"


def check_locks(clients, folder):
    """A spool has one user at a time, whatever its language; killing that one is its end."""
    for number, (holder, other) in enumerate(itertools.product(clients, clients)):
        directory = folder / f"locked-{number}"
        holder.run("write", directory, 0, "01")
        process = holder.hold(directory)
        try:
            line = other.run("read", directory)[0]
            assert line == "ERROR FAILED_PRECONDITION", f"{other.name} in {holder.name}'s: {line}"
        finally:
            process.kill()
            process.communicate()
        line = other.run("read", directory)[0]
        assert line == line_of(0, 1, [(0, "01")]), f"{other.name} after {holder.name}: {line}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("cpp", "python", "node", "server", "protoc"):
        parser.add_argument(f"--{name}")
    given = parser.parse_args()
    clients = [Client("cpp", [given.cpp])]
    if given.python:
        clients += python_client(given.python)
    if given.node:
        clients += node_client(given.node, given.server, given.protoc)
    print("clients:", *(client.name for client in clients), flush=True)
    if len(clients) == 1:
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        for check in (check_files, check_acknowledged, check_locks):
            folder = pathlib.Path(name) / check.__name__
            folder.mkdir()
            check(clients, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
