# SPDX-License-Identifier: Apache-2.0
"""What the drivers find: a service that runs, its instances, and plain HTTP."""
import hashlib
import http.client
import json
import os
import re

from servers import KINDS, READING_TOKEN, SERVICE_ID, SERVICE_SECRET, TOKEN, Service, wait_until

ACCOUNT = "0123456789abcdef0123456789abcdef"
DIALECTS = ["trove", "rds", "rdssigned", "gaussdb", "planetscale", "pmm"]


class Answer:
    """What was answered to a request."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    @property
    def json(self):
        assert self.type == "application/json", f"{self.status} of type {self.type}: {self.body[:500]!r}"
        return json.loads(self.body)

    @property
    def type(self):
        return self.field("Content-Type").split(";")[0]

    def field(self, name):
        return next((value for key, value in self.fields if key.lower() == name.lower()), "")

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def ask(service, method, path, body=None, headers=None, token=TOKEN, timeout=60):
    """Sends one request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=timeout)
    try:
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        sent.update(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def instance_id(text):
    """An identifier as clouds make them."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + "in01"


class Source:
    """A database that is backed up for one driver, and another one that backups are restored into."""

    def __init__(self, server, dialect):
        self.server = server
        self.dialect = dialect
        self.database = f"{dialect}_source"
        self.target_database = f"{dialect}_target"
        self.id = instance_id(f"{dialect} {server.kind}")
        self.target_id = instance_id(f"{dialect} {server.kind} target")
        self.name = f"{dialect}-{server.kind}"
        self.branch = server.kind
        self.target_branch = f"{server.kind}-restored"
        self.engine = "gaussdb" if dialect == "gaussdb" else server.engine

    def instances(self):
        """Both, for the configuration."""
        common = {"account": ACCOUNT, "engine": self.engine, "version": "1", "database": self.dialect,
                  "databases": ["orders"]}
        return [
            {**common, "id": self.id, "name": self.name, "branch": self.branch, **self.server.commands(self.database)},
            {**common, "id": self.target_id, "name": f"{self.name}-restored", "branch": self.target_branch,
             **self.server.commands(self.target_database)},
        ]

    def create(self):
        self.server.create(self.database)
        self.server.create_empty(self.target_database)

    def change(self, value):
        self.server.change(self.database, value)

    @property
    def state(self):
        return self.server.state(self.database)

    @property
    def target_state(self):
        return self.server.state(self.target_database)

    def holds(self, wanted, database=None):
        """Whether a database, its own unless another is named, has a state; while it is being replaced it may have none."""
        try:
            return self.server.state(database or self.database) == wanted
        except AssertionError:
            return False


class World:
    """One service over one database server, with a source for each dialect."""

    def __init__(self, folder, kind, binary, tool):
        self.server = KINDS[kind](os.path.join(folder, kind))
        self.sources = {dialect: Source(self.server, dialect) for dialect in DIALECTS}
        instances = [instance for source in self.sources.values() for instance in source.instances()]
        locations = [{"id": "first", "name": "the first location"}]
        self.service = Service(os.path.join(folder, "service"), binary, tool, instances, locations=locations)

    def start(self):
        for source in self.sources.values():
            source.create()
        self.service.start()
        return self

    def stop(self):
        try:
            self.service.stop()
        finally:
            self.server.stop()

    def ask(self, *arguments, **more):
        return ask(self.service, *arguments, **more)

    def restore(self, source, begin, wanted):
        """Has a restore into the other database begun, waits until that holds what it should, and returns what `begin` did."""
        source.server.wipe(source.target_database)
        begun = begin()
        wait_until(lambda: source.holds(wanted, source.target_database), what="the restored database")
        self.settle(source.target_id)
        return begun

    def settle(self, *instances):
        """Waits until nothing is being restored into some instances: only one interface tells."""
        def is_quiet():
            rows = self.ask("GET", "/v1/backups/restores").json.get("items", [])
            return not any(
                row["service_id"] in instances and row["status"] == "RESTORE_STATUS_IN_PROGRESS" for row in rows)

        wait_until(is_quiet, what="the end of a restore")


def same(given, wanted, what):
    """Fails unless both are the same."""
    assert given == wanted, f"{what}: {given!r}, not {wanted!r}"


def matches(given, pattern, what):
    """Fails unless a text is of a form."""
    assert isinstance(given, str) and re.fullmatch(pattern, given), f"{what}: {given!r} is not of the form {pattern}"


def has_keys(given, wanted, what, more=()):
    """Fails unless an object has all of some keys, and no others but those of `more`."""
    missing, extra = set(wanted) - set(given), set(given) - set(wanted) - set(more)
    assert not missing and not extra, f"{what}: missing {sorted(missing)}, unknown {sorted(extra)}"


UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"

# What each dialect is asked with, for those that do not care which it is.
PLANETSCALE_AUTHORIZATION = {"Authorization": f"{SERVICE_ID}:{SERVICE_SECRET}"}
OPENSTACK_AUTHORIZATION = {"X-Auth-Token": TOKEN}
READING_AUTHORIZATION = {"X-Auth-Token": READING_TOKEN, "Authorization": f"Bearer {READING_TOKEN}"}
