"""Writes, reads and holds spools as the Python client does, for spools.py, which says how."""

import sys

from emptychair import EmptyChairError
from emptychair._spool import Spool


def write(directory, answered, *records):
    spool = Spool(directory)
    for record in records:
        spool.append(bytes.fromhex(record))
    spool.acknowledge(int(answered))
    spool.close()


def read(*directories):
    for directory in directories:
        try:
            spool = Spool(directory)
        except EmptyChairError as error:
            print("ERROR", error.code)
            continue
        records = [f" {number}:{record.hex()}" for number, record in iter(spool.read, None)]
        print(f"torn {spool.torn_records} next {spool.next_number}{''.join(records)}")
        spool.close()


def hold(directory):
    spool = Spool(directory)
    print("held", flush=True)
    sys.stdin.read()
    spool.close()


{"write": write, "read": read, "hold": hold}[sys.argv[1]](*sys.argv[2:])
