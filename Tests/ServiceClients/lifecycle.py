# SPDX-License-Identifier: Apache-2.0
"""One at a time, failures and retries, and what a service that ends leaves behind."""
import os
import signal
import threading
import time

from private import DIALECTS, TROVE, private
from servers import wait_until
from world import same

PMM = DIALECTS[0]
BUSY = {"pmm": 400, "planetscale": 422, "trove": 422, "rds": 409, "gaussdb": 409}


def log_of(found, backup):
    answer = found.ask("GET", f"/v1/backups/{backup}/logs", headers=PMM.headers).json
    return "".join(line["data"] for line in answer.get("logs", []))


def one_at_a_time(world):
    """While one backup of an instance is made no interface begins another one; other instances are free."""
    with private(world) as found:
        for first in DIALECTS:
            running = found.create("slow", first)
            for second in DIALECTS:
                answer = found.ask("POST", second.create("slow"), second.body("slow"), second.headers)
                second.refusal(answer, BUSY[second.name])
            # It can neither be deleted nor be a parent.
            answer = found.ask("DELETE", TROVE.deletion(running), None, TROVE.headers)
            TROVE.refusal(answer, 422)
            body = {"backup": {"name": "x", "instance": "slow", "parent_id": running, "incremental": 1}}
            TROVE.refusal(found.ask("POST", TROVE.create("slow"), body, TROVE.headers), 422)
            found.finish(found.create("quick", first))
            found.touch("go")
            found.finish(running)
            os.unlink(os.path.join(found.data, "go"))
        found.service.verify()


def cascade(world):
    """What stands in the way of a deletion."""
    with private(world) as found:
        full = found.create("slow")
        found.touch("go")
        found.finish(full)
        os.unlink(os.path.join(found.data, "go"))
        body = {"backup": {"name": "child", "instance": "slow", "parent_id": full, "incremental": 1}}
        answer = found.ask("POST", TROVE.create("slow"), body, TROVE.headers)
        same(answer.status, 202, f"an increment {answer}")
        child = answer.json["backup"]["id"]
        TROVE.refusal(found.ask("DELETE", TROVE.deletion(full), None, TROVE.headers), 422)
        found.touch("go")
        found.finish(child)
        same(found.ask("DELETE", TROVE.deletion(full), None, TROVE.headers).status, 202, "the deletion")
        wait_until(lambda: not found.rows(), what="the deletion of both")
        for dialect in DIALECTS:
            dialect.refusal(found.ask("DELETE", dialect.deletion(child), None, dialect.headers), 404)


def retries(world):
    """A source that fails is asked again as often as was wanted; the identifier stays."""
    with private(world, more={"waits": "exit 1"}) as found:
        def start(instance="broken", **more):
            answer = found.ask("POST", PMM.create(instance), {**PMM.body(instance), **more}, PMM.headers)
            same(answer.status, 200, f"start {answer}")
            return answer.json["artifact_id"]

        runs = os.path.join(found.data, "runs")

        def count():
            try:
                with open(runs, encoding="utf-8") as file:
                    return len(file.readlines())
            except FileNotFoundError:
                return 0

        failed = start()
        found.finish(failed, "FAILED")
        same(count(), 1, "attempts without retries")
        assert "it is broken" in log_of(found, failed), "the log does not say what the command said"
        again = start(retries=2, retry_interval="0.1s")
        found.finish(again, "FAILED")
        same(count(), 4, "attempts with two retries")
        third = start(retries=100, retry_interval="0.2s")
        wait_until(lambda: count() > 5, what="a further attempt")
        found.touch("mended")
        found.finish(third)
        same(found.row(third)["id"], third, "the identifier")
        os.unlink(os.path.join(found.data, "mended"))
        # Those that wait for their next attempt keep nobody from being backed up.
        waiting = start("waits", retries=5, retry_interval="3600s")
        for _ in range(3):
            found.finish(found.create("quick"))
        same(found.row(waiting)["status"], "BUILDING", "the one that waits")
        begin = time.monotonic()
        status = found.service.stop(signal.SIGTERM)
        same(status, 0, "the service's status")
        assert time.monotonic() - begin < 20, "a backup that waits keeps the service from ending"
        found.service.start()
        same(found.row(waiting)["status"], "BUILDING", "the one that still waits")
        for backup in (failed, again):
            # What failed backups have left behind goes with them.
            same(found.ask("DELETE", TROVE.deletion(backup), None, TROVE.headers).status, 202, "the deletion")
        found.service.verify()
        same(leftovers(found), [], "parts that are left")


def leftovers(found):
    folder = os.path.join(found.service.repository, "partial")
    return os.listdir(folder) if os.path.isdir(folder) else []


def ended_by_term(world):
    """SIGTERM during a backup: it ends soon and well, the backup is canceled, the others are whole."""
    with private(world, stop_seconds=1) as found:
        whole = found.create()
        found.finish(whole)
        running = found.create("slow")
        command = found.running()
        begin = time.monotonic()
        same(found.service.stop(signal.SIGTERM), 0, "the service's status")
        assert time.monotonic() - begin < 20, "it took too long to end"
        wait_until(lambda: not os.path.exists(f"/proc/{command}"), 10, "the end of the command")
        found.service.start()
        same(found.row(running)["status"], "FAILED", "the backup that was being made")
        found.touch("go")
        found.finish(found.create("slow"))
        same(found.row(whole)["status"], "COMPLETED", "the other one")
        found.service.verify()
        same(leftovers(found), [], "parts that are left")


def ended_by_kill(world):
    """SIGKILL during a backup: the next start finds it, and says so; nothing of it is left, what is whole stays whole."""
    with private(world) as found:
        whole = found.create()
        found.finish(whole)
        running = found.create("slow")
        found.running()
        queued = found.create("broken")
        found.service.stop(signal.SIGKILL)
        found.touch("go")
        found.service.start()
        row = wait_until(lambda: (row := found.row(running))["status"] == "FAILED" and row, what="the state")
        same(row["id"], running, "the row")
        same(found.row(whole)["status"], "COMPLETED", "the other one")
        found.finish(queued, "FAILED")
        found.finish(found.create("slow"))
        found.service.verify()
        same(leftovers(found), [], "parts that are left")
        # The tool sees what the service sees, and works beside it.
        listed = found.service.archivetool("backup", "list", "--json")
        assert running in listed and whole in listed, listed[:2000]


def at_once(world):
    """Many creates at once: one is taken, the others are refused, however they race."""
    with private(world) as found:
        answers = []

        def create(dialect):
            answers.append((dialect, found.ask("POST", dialect.create("slow"), dialect.body("slow"), dialect.headers)))

        threads = [threading.Thread(target=create, args=(dialect,)) for dialect in DIALECTS * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = [answer for _, answer in answers if answer.status in (200, 201, 202)]
        same(len(taken), 1, f"creates that were taken of {[answer.status for _, answer in answers]}")
        for dialect, answer in answers:
            if answer not in taken:
                dialect.refusal(answer, BUSY[dialect.name])
        found.touch("go")
        wait_until(lambda: all(row["status"] == "COMPLETED" for row in found.rows()), what="the backup")
        same(len(found.rows()), 1, "backups")


def queue(world):
    """A queue that is full says so, and gives up nothing that it has taken."""
    with private(world, workers=1, queue=2, more={"another": "echo another"}) as found:
        running = found.create("slow")
        found.running()
        found.touch("mended")
        waiting = [found.create("quick"), found.create("broken")]
        # Two wait; a third one has no room.
        answer = found.ask("POST", PMM.create("another"), PMM.body("another"), PMM.headers)
        PMM.refusal(answer, 429)
        found.touch("go")
        for backup in [running, *waiting]:
            found.finish(backup)
        same(found.ask("GET", "/healthz").status, 200, "healthz")
        text = found.ask("GET", "/metrics", headers=PMM.headers).body.decode()
        for line in text.splitlines():
            assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) >= 0, line
        assert 'archivetool_backups{state="complete"} 3' in text, text


SCENARIOS = {
    "one-at-a-time": one_at_a_time, "cascade": cascade, "retries": retries, "sigterm": ended_by_term,
    "sigkill": ended_by_kill, "at-once": at_once, "queue": queue,
}
