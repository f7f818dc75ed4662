# SPDX-License-Identifier: Apache-2.0
"""Secrets stay where they were told: not in logs, lists, arguments, nor in the environment of anybody else's command."""
import hashlib
import json
import os
import threading

from private import DIALECTS, private
from servers import SECRETS, TOKEN
from world import ACCOUNT, same

PASSWORD = "password-of-a-database-0006"


def secrecy(world):
    """A password of one database, and the tokens of the service."""
    with private(world, start=False, workers=4) as found:
        service = found.service
        secrets = [*SECRETS, PASSWORD]
        seen = os.path.join(found.data, "seen")
        with open(service.configuration, encoding="utf-8") as file:
            configuration = json.load(file)
        wait = f"while ! [ -e '{found.data}/go' ]; do sleep 0.05; done"
        # One command may know the password; another one must not.
        configuration["instances"] += [
            found.instance(
                "knows", f"printf %s \"$PGPASSWORD\" | md5sum >'{seen}'; echo data; {wait}",
                environment={"PGPASSWORD": PASSWORD}),
            found.instance("others", f"tr '\\0' '\\n' </proc/self/environ >'{found.data}/environ'; echo data; {wait}"),
            found.instance("fails", "echo 'no connection' >&2; echo $PGPASSWORD | wc -c >&2; exit 3",
                           environment={"PGPASSWORD": PASSWORD}),
        ]
        with open(service.configuration, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        os.chmod(service.configuration, 0o600)
        service.start(environment={"UNRELATED": "value"})
        arguments, environments, stop = set(), set(), threading.Event()

        def look():
            """Reads what all descendants have as arguments and environment, again and again."""
            while not stop.is_set():
                for process in descendants(service.process.pid):
                    for name, kept in (("cmdline", arguments), ("environ", environments)):
                        try:
                            with open(f"/proc/{process}/{name}", "rb") as file:
                                kept.add(file.read())
                        except OSError:
                            pass

        thread = threading.Thread(target=look)
        thread.start()
        try:
            texts = []
            knowing, other = found.create("knows"), found.create("others")
            failing = found.create("fails")
            found.finish(failing, "FAILED")
            found.touch("go")
            found.finish(knowing)
            found.finish(other)
        finally:
            stop.set()
            thread.join()
        with open(seen, encoding="utf-8") as file:
            same(file.read().split()[0], hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest(),
                 "what the command was told")
        for dialect in DIALECTS:
            answer = found.ask("GET", dialect.listing, headers=dialect.headers)
            texts.append(answer.body.decode())
            texts.append(repr(answer.fields))
            refusal = found.ask("GET", dialect.listing, headers={"Authorization": f"Bearer x{TOKEN}", "X-Auth-Token": "x" + TOKEN})
            texts.append(refusal.body.decode())
        for backup in (knowing, other, failing):
            texts.append(found.ask("GET", f"/v1/backups/{backup}/logs", headers=DIALECTS[0].headers).body.decode())
            texts.append(service.archivetool("backup", "show", backup, "--json"))
        for path in ("/", "/metrics", "/healthz", f"/v1.0/{ACCOUNT}/instances"):
            for headers in ({}, DIALECTS[0].headers, DIALECTS[2].headers):
                texts.append(found.ask("GET", path, headers=headers).body.decode())
        texts.append(service.said())
        with open(os.path.join(found.data, "environ"), encoding="utf-8") as file:
            texts.append(file.read())
        for folder, _, names in os.walk(service.repository):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    texts.append(file.read().decode(errors="replace"))
        with open(f"/proc/{service.process.pid}/cmdline", "rb") as file:
            arguments.add(file.read())
        with open(f"/proc/{service.process.pid}/environ", "rb") as file:
            environments.add(file.read())
        assert len(arguments) > 3 and len(environments) > 3, "nothing was seen of the commands"
        for secret in secrets:
            for text in texts:
                assert secret not in text, f"{secret} in {text[max(0, text.find(secret) - 200):][:500]}"
            for text in arguments:
                assert secret.encode() not in text, f"{secret} in the arguments {text[:500]!r}"
        told = [text for text in environments if PASSWORD.encode() in text]
        assert told, "the command with the password was not seen"
        for text in told:
            assert b"others" not in text and b"BACKUP_INSTANCE=others" not in text, f"another command was told: {text!r}"
        for secret in SECRETS:
            for text in environments:
                assert secret.encode() not in text, f"{secret} in the environment {text[:500]!r}"


def descendants(process):
    """All processes below one."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        found.append((int(name), parent))
    below, more = {process}, True
    while more:
        more = {name for name, parent in found if parent in below} - below
        below |= more
    return below - {process}


SCENARIOS = {"secrets": secrecy}
