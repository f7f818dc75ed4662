# SPDX-License-Identifier: Apache-2.0
"""A service for one scenario alone, with instances that are quick, slow or broken, and what all interfaces are asked."""
import contextlib
import os
import shutil
import tempfile

from servers import (
    READING_SERVICE_ID, READING_SERVICE_SECRET, READING_TOKEN, SERVICE_ID, SERVICE_SECRET, TOKEN, Service, wait_until)
from world import ACCOUNT, ask, has_keys, same

ORGANIZATION = f"/v1/organizations/{ACCOUNT}/databases/shop/branches"


class Dialect:
    """How one interface is asked and how it refuses."""

    def __init__(self, name, create, body, listing, headers, reading, keys, deletion, unknown_status=None):
        self.name = name
        self.create = create
        # Takes the instance, and returns what a create has in its body.
        self.body = body
        self.listing = listing
        self.headers = headers
        self.reading = reading
        self.keys = keys
        # Takes the identifier of a backup, and returns the path of its deletion.
        self.deletion = deletion
        # The status for a field that is not known; none when such fields are passed over.
        self.unknown_status = unknown_status

    def refusal(self, answer, status):
        """Fails unless an answer is a refusal in the interface's form."""
        same(answer.status, status, f"{self.name}: {answer}")
        body = answer.json
        if self.name == "trove":
            same(len(body), 1, "the keys of a fault")
            (inner,) = body.values()
            has_keys(inner, ["code", "message"], "a fault")
            same(inner["code"], status, "the code")
        else:
            has_keys(body, self.keys, f"{self.name}: a refusal", ["details"])
        assert "Traceback" not in str(body) and "/tmp" not in str(body), f"it tells too much: {body}"


TOKENS = {"X-Auth-Token": TOKEN}, {"X-Auth-Token": READING_TOKEN}
BEARERS = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {READING_TOKEN}"}
SERVICES = (
    {"Authorization": f"{SERVICE_ID}:{SERVICE_SECRET}"},
    {"Authorization": f"{READING_SERVICE_ID}:{READING_SERVICE_SECRET}"})

DIALECTS = [
    Dialect(
        "pmm", lambda instance: "/v1/backups:start", lambda instance: {"service_id": instance, "location_id": "default"},
        "/v1/backups/artifacts", *BEARERS, ["code", "message", "error", "details"],
        lambda backup: f"/v1/backups/artifacts/{backup}?remove_files=true"),
    Dialect(
        "planetscale", lambda instance: f"{ORGANIZATION}/{instance}/backups", lambda instance: {},
        f"{ORGANIZATION}/quick/backups", *SERVICES, ["code", "message"],
        lambda backup: f"{ORGANIZATION}/quick/backups/{backup}", 422),
    Dialect(
        "trove", lambda instance: f"/v1.0/{ACCOUNT}/backups",
        lambda instance: {"backup": {"name": "a name", "instance": instance, "incremental": 0}},
        f"/v1.0/{ACCOUNT}/backups", *TOKENS, [], lambda backup: f"/v1.0/{ACCOUNT}/backups/{backup}"),
    Dialect(
        "rds", lambda instance: f"/v3/{ACCOUNT}/backups",
        lambda instance: {"instance_id": instance, "name": "n" + os.urandom(8).hex()},
        f"/v3/{ACCOUNT}/backups", *TOKENS, ["error_code", "error_msg"],
        lambda backup: f"/v3/{ACCOUNT}/backups/{backup}"),
    Dialect(
        "gaussdb", lambda instance: f"/mysql/v3/{ACCOUNT}/backups/create",
        lambda instance: {"instance_id": instance, "name": "n" + os.urandom(8).hex()},
        f"/mysql/v3/{ACCOUNT}/backups", *TOKENS, ["error_code", "error_msg"],
        lambda backup: f"/mysql/v3/{ACCOUNT}/backups/{backup}"),
]
TROVE = DIALECTS[2]


class Private:
    """A service whose instances are `quick`, `slow` until the file `go` is there, and `broken` until `mended` is."""

    def __init__(self, world, folder, **settings):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        os.mkdir(self.data)
        for name in ("quick", "slow", "broken"):
            with open(os.path.join(self.data, name), "wb") as file:
                file.write(os.urandom(1000) * 100)
        instances = [self.instance(name, command) for name, command in settings.pop("more", {}).items()] + [
            self.instance("quick", f"cat '{self.data}/quick'"),
            self.instance(
                "slow",
                f"echo $$ >'{self.data}/pid'; cat '{self.data}/slow'; "
                f"while ! [ -e '{self.data}/go' ]; do sleep 0.05; done; cat '{self.data}/slow'"),
            self.instance(
                "broken",
                f"echo run >>'{self.data}/runs'; cat '{self.data}/broken'; echo 'it is broken' >&2; "
                f"[ -e '{self.data}/mended' ]"),
        ]
        self.service = Service(
            os.path.join(folder, "service"), world.service.binary, world.service.tool, instances, **settings)

    def instance(self, name, command, **more):
        return {
            "id": name, "name": name, "account": ACCOUNT, "engine": "postgresql", "database": "shop", "branch": name,
            "backup": {"command": command, "file": "data"},
            "restore": {"command": f"cat >'{self.data}/{name}.restored'"}, **more}

    def ask(self, *arguments, **more):
        return ask(self.service, *arguments, token=None, **more)

    def create(self, instance="quick", dialect=TROVE):
        """Has a backup begun, and returns its identifier."""
        answer = self.ask("POST", dialect.create(instance), dialect.body(instance), dialect.headers)
        assert answer.status in (200, 201, 202), answer
        body = answer.json
        return body.get("artifact_id") or body.get("id") or body["backup"]["id"]

    def row(self, backup):
        return self.ask("GET", f"/v1.0/{ACCOUNT}/backups/{backup}", headers=TROVE.headers).json["backup"]

    def rows(self):
        return self.ask("GET", f"/v1.0/{ACCOUNT}/backups", headers=TROVE.headers).json["backups"]

    def finish(self, backup, wanted="COMPLETED"):
        row = wait_until(
            lambda: (row := self.row(backup))["status"] in ("COMPLETED", "FAILED") and row, what="the backup")
        same(row["status"], wanted, "the status")
        return row

    def running(self):
        """Waits until the slow command runs, and returns its process."""
        path = os.path.join(self.data, "pid")

        def read():
            try:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                return text.endswith("\n") and int(text)
            except FileNotFoundError:
                return None

        return wait_until(read, what="the command")

    def touch(self, name):
        with open(os.path.join(self.data, name), "wb"):
            pass


@contextlib.contextmanager
def private(world, start=True, **settings):
    """A service of one's own, which ends with the block."""
    folder = tempfile.mkdtemp(prefix="service-private-")
    found = None
    try:
        found = Private(world, folder, **settings)
        if start:
            found.service.start()
        yield found
    except BaseException:
        if found is not None and os.path.exists(found.service.log):
            print(found.service.said()[-1500:])
        raise
    finally:
        if found is not None:
            # A command that waits is not to be waited for.
            for name in ("go", "mended"):
                found.touch(name)
            found.service.stop()
        shutil.rmtree(folder, ignore_errors=True)
