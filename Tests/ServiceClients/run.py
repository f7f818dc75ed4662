#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the service with the real clients of the interfaces that it speaks.

    run.py list                                     the names of all scenarios
    run.py run --serve BIN --tool BIN [--kind K] NAME...
                                                    runs scenarios on servers of their own
    run.py hold --serve BIN --tool BIN --kind K FILE
                                                    starts servers, describes them in FILE, and holds them until
                                                    its standard input ends
    run.py run --world FILE NAME...                 runs scenarios on servers that another process holds

A scenario that needs what is not there ends with status 77. Kinds are files, postgresql and mariadb.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
import traceback
import types

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
# The clients write caches and read configurations there.
os.environ["HOME"] = tempfile.gettempdir()
for variable in [name for name in os.environ if name.startswith(("OS_", "HUAWEICLOUD_")) or name.endswith("_proxy")]:
    del os.environ[variable]

import contract  # noqa: E402
import databases  # noqa: E402
import gaussdb  # noqa: E402
import hostile  # noqa: E402
import lifecycle  # noqa: E402
import page  # noqa: E402
import planetscale  # noqa: E402
import pmm  # noqa: E402
import rds  # noqa: E402
import secrecy  # noqa: E402
import signatures  # noqa: E402
import trove  # noqa: E402
from servers import KINDS, Service, Skipped  # noqa: E402
from world import DIALECTS, Source, World  # noqa: E402

# Those that need a database server, and those that have a service of their own.
WITH_SERVER = {
    **trove.SCENARIOS, **rds.SCENARIOS, **gaussdb.SCENARIOS, **planetscale.SCENARIOS, **pmm.SCENARIOS,
    **databases.SCENARIOS,
}
SCENARIOS = {
    **WITH_SERVER, **hostile.SCENARIOS, **hostile.LONG_SCENARIOS, **signatures.SCENARIOS, **lifecycle.SCENARIOS,
    **secrecy.SCENARIOS, **contract.SCENARIOS, **page.SCENARIOS,
}
SKIPPED = 77


def describe(world):
    """What another process needs of it."""
    server = {key: value for key, value in world.server.__dict__.items() if isinstance(value, (str, list))}
    service = {key: value for key, value in world.service.__dict__.items() if isinstance(value, (str, int))}
    service["pid"] = world.service.process.pid
    return {"kind": world.server.kind, "server": server, "service": service}


class HeldProcess:
    """A process that another one has started."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        return None if os.path.exists(f"/proc/{self.pid}") else 1


def adopt(description):
    """A world that another process has started."""
    world = object.__new__(World)
    world.server = object.__new__(KINDS[description["kind"]])
    world.server.__dict__.update(description["server"])
    world.sources = {dialect: Source(world.server, dialect) for dialect in DIALECTS}
    world.service = object.__new__(Service)
    world.service.__dict__.update(description["service"])
    world.service.process = HeldProcess(description["service"]["pid"])
    return world


def attempt(name, scenario):
    """Runs one; returns its status."""
    try:
        scenario()
    except Skipped as reason:
        print(f"skipped, {reason}: {name}")
        return SKIPPED
    except Exception:
        traceback.print_exc()
        print(f"failed: {name}", file=sys.stderr)
        return 1
    print(f"passed: {name}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["list", "run", "hold"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--serve")
    parser.add_argument("--tool")
    parser.add_argument("--kind", choices=list(KINDS), default="files")
    parser.add_argument("--world")
    parser.add_argument("--keep", action="store_true", help="leave the folder there")
    options = parser.parse_intermixed_args()
    if options.command == "list":
        print("\n".join(SCENARIOS))
        return 0
    unknown = set(options.names) - set(SCENARIOS) if options.command == "run" else set()
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    if options.world:
        with open(options.world, encoding="utf-8") as file:
            world = adopt(json.load(file))
        return worst(attempt(name, lambda: SCENARIOS[name](world)) for name in options.names)
    if options.command == "run" and not set(options.names or SCENARIOS) & set(WITH_SERVER):
        bare = types.SimpleNamespace(
            service=types.SimpleNamespace(binary=os.path.abspath(options.serve), tool=os.path.abspath(options.tool)))
        return worst(attempt(name, lambda: SCENARIOS[name](bare)) for name in options.names)
    folder = tempfile.mkdtemp(prefix="service-clients-")
    os.chmod(folder, 0o755)
    world = None
    try:
        try:
            world = World(folder, options.kind, os.path.abspath(options.serve), os.path.abspath(options.tool)).start()
        except Skipped as reason:
            print(f"skipped, {reason}")
            return SKIPPED
        if options.command == "hold":
            with open(options.names[0] + ".new", "w", encoding="utf-8") as file:
                json.dump(describe(world), file)
            os.rename(options.names[0] + ".new", options.names[0])
            sys.stdin.buffer.read()
            return 0
        status = worst(attempt(name, lambda: SCENARIOS[name](world)) for name in options.names or SCENARIOS)
        if status == 1:
            print(world.service.said()[-1500:], file=sys.stderr)
        return status
    finally:
        if world is not None:
            world.stop()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def worst(statuses):
    statuses = list(statuses)
    return 1 if 1 in statuses else SKIPPED if statuses and all(status == SKIPPED for status in statuses) else 0


if __name__ == "__main__":
    sys.exit(main())
