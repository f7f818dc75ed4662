# SPDX-License-Identifier: Apache-2.0
"""Databases in the ways that the service knows by itself, and all files of a server, restored to a server that starts."""
import os

from private import DIALECTS, TROVE, Private
from servers import KINDS, Service, wait_until
from world import ACCOUNT, same

PMM = DIALECTS[0]


class Prepared(Private):
    """A service with the instances that are given, and no others."""

    def __init__(self, world, folder, instances):
        self.folder = folder
        self.service = Service(
            os.path.join(folder, f"service-{len(os.listdir(folder))}"), world.service.binary, world.service.tool,
            [{"account": ACCOUNT, **instance} for instance in instances])

    def __enter__(self):
        try:
            self.service.start()
        except BaseException:
            self.service.stop()
            raise
        return self

    def __exit__(self, *_):
        self.service.stop()

    def restore(self, backup, instance):
        answer = self.ask("POST", "/v1/backups/restores:start", {"service_id": instance, "artifact_id": backup}, PMM.headers)
        same(answer.status, 200, f"restore {answer}")
        restore = answer.json["restore_id"]

        def ended():
            rows = self.ask("GET", "/v1/backups/restores", headers=PMM.headers).json["items"]
            row = next(row for row in rows if row["restore_id"] == restore)
            return row["status"] != "RESTORE_STATUS_IN_PROGRESS" and row

        row = wait_until(ended, 120, "the restore")
        log = self.ask("GET", f"/v1/backups/restores/{restore}/logs", headers=PMM.headers).body
        same(row["status"], "RESTORE_STATUS_SUCCESS", f"the restore, which says {log}")

    def increment(self, instance):
        body = {"backup": {"name": "increment", "instance": instance, "incremental": 1}}
        answer = self.ask("POST", TROVE.create(instance), body, TROVE.headers)
        same(answer.status, 202, f"an increment {answer}")
        return self.finish(answer.json["backup"]["id"])


def presets(world):
    """The way that the service knows by itself, into the same database."""
    server = world.server
    if not hasattr(server, "preset"):
        return
    server.create("with_preset")
    instances = [{"id": "preset", **server.preset("with_preset")}]
    with Prepared(world, os.path.dirname(server.folder), instances) as found:
        first_state = server.state("with_preset")
        first = found.finish(found.create("preset"))
        server.change("with_preset", 1)
        second_state = server.state("with_preset")
        second = found.increment("preset")
        assert second["parent_id"] == first["id"] and first_state != second_state
        server.wipe("with_preset")
        for backup, wanted in ((second, second_state), (first, first_state), (second, second_state)):
            found.restore(backup["id"], "preset")
            same(server.state("with_preset"), wanted, "the restored database")
        found.service.verify()


def files(world):
    """All files of a server: a full backup, an increment, and a server that starts on what was restored."""
    server = world.server
    if not hasattr(server, "files"):
        return
    server.create("all_files")
    folder = os.path.join(os.path.dirname(server.folder), "restored")
    instances = [{"id": "files", "engine": server.engine, **server.files(folder)}]
    with Prepared(world, os.path.dirname(server.folder), instances) as found:
        first_state = server.state("all_files")
        first = found.finish(found.create("files"))
        server.change("all_files", 1)
        second_state = server.state("all_files")
        second = found.increment("files")
        same(second["parent_id"], first["id"], "the parent")
        assert second["size"] < first["size"], "an increment that is no smaller"
        rows = found.ask("GET", "/v1/backups/artifacts", headers=PMM.headers).json["artifacts"]
        same(sorted((row["mode"], row["data_model"]) for row in rows),
             [("BACKUP_MODE_INCREMENTAL", "DATA_MODEL_PHYSICAL"), ("BACKUP_MODE_SNAPSHOT", "DATA_MODEL_PHYSICAL")],
             "mode and model")
        for number, (backup, wanted) in enumerate(((second, second_state), (first, first_state))):
            found.restore(backup["id"], "files")
            other = KINDS[server.kind](
                os.path.join(os.path.dirname(server.folder), f"second-server-{number}"), data=folder)
            try:
                same(other.state("all_files"), wanted, "the restored server")
            finally:
                other.stop()
        found.service.verify()


SCENARIOS = {"presets": presets, "files": files}
