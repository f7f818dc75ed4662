# SPDX-License-Identifier: Apache-2.0
"""Clients that mean harm, or are broken: each is refused in the words of the interface that it asks, none harms a backup."""
import contextlib
import json
import os
import resource
import select
import socket
import threading
import time

from private import DIALECTS, TROVE, private
from servers import TOKEN, wait_until
from world import ACCOUNT, OPENSTACK_AUTHORIZATION, same

LIMIT = 1 << 20
# What the service may need at most while it is attacked, in bytes.
MEMORY = 256 << 20


def unharmed(found, backup):
    """Fails unless the service works, the backup from before is whole, and memory was bounded."""
    assert found.service.process.poll() is None, "the service has ended"
    same(found.row(backup)["status"], "COMPLETED", "the backup from before")
    found.finish(found.create())
    peak = found.service.figure("VmHWM")
    assert peak < MEMORY, f"{peak >> 20} MiB of memory"
    found.service.verify()


def bodies(world):
    """What is no JSON, or not the JSON that was asked for."""
    with private(world) as found:
        backup = found.create()
        found.finish(backup)
        before = len(found.rows())
        broken = [
            b"{", b"}", b"[", b"nul", b'{"a":}', b'{"a":1,}', b"{'a':1}", b'{"a":1}{', b"\xff\xfe{}", b'{"a":"\xff"}',
            b'{"a":"\\ud800"}', b'{"a":"\x01"}', b'{"a":01}', b'{"a":1e}', b"[" * 100_000, b'{"a":' * 50_000,
            b"\x00", b"\xef\xbb\xbf{}", b'{"a":NaN}', b'"' + b"a" * 100_000, b'{"a":' + b"9" * 100_000 + b"}",
        ]
        for dialect in DIALECTS:
            path = dialect.create("quick")

            def post(body, path=path, dialect=dialect):
                return found.ask(
                    "POST", path, body, {**dialect.headers, "Content-Type": "application/json"})

            for body in broken:
                answer = post(body)
                # One interface has a status of its own for JSON that is not as it should be.
                wanted = (400, 422) if dialect.unknown_status else (400,)
                assert answer.status in wanted, f"{dialect.name}: {body[:40]!r}: {answer}"
                dialect.refusal(answer, answer.status)
            for body in (b"[]", b"null", b"7", b'"text"', b"true"):
                dialect.refusal(post(body), dialect.unknown_status or 400)
            if dialect.name != "planetscale":
                # It alone may do without.
                dialect.refusal(post(b""), 400)
                dialect.refusal(post(b"{}"), 400)
            # A field twice: what one reader sees is not what another one sees.
            good = json.dumps(dialect.body("quick"))
            dialect.refusal(post(b'{"name":"one","name":"two"}'), dialect.unknown_status or 400)
            wrong_types(found, dialect)
            if dialect.unknown_status:
                dialect.refusal(post(b'{"surprise":1}'), dialect.unknown_status)
            else:
                body = json.loads(good)
                (body["backup"] if "backup" in body else body)["surprise"] = {"deep": [1, None]}
                answer = post(json.dumps(body).encode())
                assert answer.status in (200, 202), f"{dialect.name}: an unknown field: {answer}"
                before += 1
                wait_until(lambda: all(row["status"] == "COMPLETED" for row in found.rows()), what="the backups")
            # White space up to the limit is no harm, one byte more is.
            good = json.dumps(dialect.body("quick"))
            body = good.encode().ljust(LIMIT)
            answer = post(body)
            assert answer.status in (200, 201, 202), f"{dialect.name}: a body of 1 MiB: {answer}"
            before += 1
            wait_until(lambda: all(row["status"] == "COMPLETED" for row in found.rows()), what="the backups")
            dialect.refusal(post(good.encode().ljust(LIMIT + 1)), 413)
            dialect.refusal(post(good.encode().ljust(3 * LIMIT)), 413)
        same(len(found.rows()), before, "how many backups there are")
        unharmed(found, backup)


def wrong_types(found, dialect):
    """Each field of a create with each type that it has not."""
    good = dialect.body("quick")
    inner = good.get("backup", good)
    optional = {
        "pmm": {"name": "", "description": "", "compression": "", "retry_interval": ""},
        "planetscale": {"name": "", "retention_unit": ""},
        "trove": {"description": "", "parent_id": ""},
        "rds": {"description": ""}, "gaussdb": {"description": ""},
    }[dialect.name]
    for key in {**inner, **optional}:
        if key == "incremental":
            continue
        for value in (7, 1.5, True, [], {}, ["text"], {"a": "b"}):
            changed = {**inner, key: value}
            body = {"backup": changed} if "backup" in good else changed
            answer = found.ask("POST", dialect.create("quick"), body, dialect.headers)
            assert answer.status in (400, 422), f"{dialect.name}: {key} = {value!r}: {answer}"
            dialect.refusal(answer, answer.status)


def paths(world):
    """Paths that lead elsewhere, methods that are not for a path, and who asks from where."""
    with private(world) as found:
        backup = found.create()
        found.finish(backup)
        for dialect in DIALECTS:
            create, listing = dialect.create("quick"), dialect.listing
            for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"):
                for path in {create, listing}:
                    if path.endswith("/create") and method == "DELETE":
                        # That is the path of a backup called so.
                        continue
                    answer = found.ask(method, path, None, dialect.headers)
                    dialect.refusal(answer, 405)
                    allowed = {word.strip() for word in answer.field("Allow").split(",")}
                    assert allowed & {"GET", "POST"} and method not in allowed, f"Allow: {answer.fields}"
            head = found.ask("HEAD", listing, None, dialect.headers)
            assert head.status in (200, 405) and head.body == b"", head
            # Nobody, somebody unknown, and somebody who only may look.
            dialect.refusal(found.ask("GET", listing), 401)
            for name, value in dialect.headers.items():
                for wrong in ("", "x", value[:-1], value + "x", value.upper(), "Bearer", "Bearer ", "Basic !!!", "\xe9"):
                    dialect.refusal(found.ask("GET", listing, headers={name: wrong}), 401)
            same(found.ask("GET", listing, headers=dialect.reading).status, 200, "a reader's list")
            dialect.refusal(found.ask("POST", create, dialect.body("quick"), dialect.reading), 403)
            dialect.refusal(found.ask("DELETE", dialect.deletion(backup), None, dialect.reading), 403)
            for name in (
                "..", "%2e%2e", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd", "%2F", "%00", f"{backup}%00", f"{backup}%2F..", "*",
                f"{backup}%", f"{backup}%zz", "%ff", "a" * 5000, f"{backup[:-1]}", backup + "0", "%E2%80%AE",
            ):
                answer = found.ask("DELETE", dialect.deletion(name), None, dialect.headers)
                assert answer.status in (400, 404, 405, 414), f"{dialect.name}: DELETE {name}: {answer}"
                assert answer.json, answer
            for path in (f"/{create}", f"{create}//", create.replace("/", "//"), f"/x/..{create}", f"/.{create}",
                         f"/%2e%2e{create}", create.replace("backups", "back%75ps/.."), create + ";x", create + "%20"):
                answer = found.ask("POST", path, dialect.body("quick"), dialect.headers)
                assert answer.status in (400, 404, 405), f"{dialect.name}: {path}: {answer}"
                assert answer.json, answer
            # Other origins, and names that lead here by somebody's wish.
            for header in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
                dialect.refusal(
                    found.ask("POST", create, dialect.body("quick"), {**dialect.headers, **header}), 403)
                dialect.refusal(
                    found.ask("DELETE", dialect.deletion(backup), None, {**dialect.headers, **header}), 403)
        same([row["id"] for row in found.rows()], [backup], "the backups")
        for path in ("/", "/healthz", "/metrics"):
            answer = found.ask("DELETE", path)
            same(answer.status, 405, f"DELETE {path}")
            assert "GET" in answer.field("Allow"), answer.fields
        unharmed(found, backup)
    # Who needs no token must at least be on this machine, and no page of somebody else.
    with private(world, tokens=False) as found:
        backup = found.create()
        found.finish(backup)
        for dialect in DIALECTS:
            for header in (
                {"Host": "evil.example"}, {"Host": f"evil.example:{found.service.port}"},
                {"Host": "127.0.0.1.evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
                {"Origin": f"http://127.0.0.1:{found.service.port + 1}"},
            ):
                answer = found.ask("DELETE", dialect.deletion(backup), None, header)
                assert answer.status in (400, 403, 421), f"{dialect.name}: {header}: {answer}"
                dialect.refusal(answer, answer.status)
            for host in ("localhost", "127.0.0.1", f"LOCALHOST:{found.service.port}"):
                same(found.ask("GET", dialect.listing, headers={"Host": host}).status, 200, f"Host: {host}")
        same(len(found.rows()), 1, "the backups")


def raw(service, data, half=True, seconds=20):
    """Sends bytes as they are, and returns all that comes back."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=seconds) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
            if half:
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError, TimeoutError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def wire(world):
    """Requests that no client library sends."""
    with private(world) as found:
        backup = found.create()
        found.finish(backup)
        service = found.service
        path = f"/v1.0/{ACCOUNT}/backups"
        head = f"Host: 127.0.0.1:{service.port}\r\nX-Auth-Token: {TOKEN}\r\n"
        body = json.dumps(TROVE.body("quick"))
        smuggled = f"DELETE {path}/{backup} HTTP/1.1\r\n{head}\r\n"

        def post(fields, content, half=True, seconds=1):
            return raw(service, f"POST {path} HTTP/1.1\r\n{head}{fields}\r\n".encode() + content, half, seconds)

        def refused(answer, what, statuses=(400,)):
            """One answer, a refusal, and nothing after it."""
            assert answer.startswith(b"HTTP/1."), f"{what}: {answer[:200]!r}"
            status = int(answer[9:12])
            assert status in statuses, f"{what}: {answer[:300]!r}"
            same(answer.count(b"HTTP/1.1 "), 1, f"{what}: answers")

        length = len(body)
        for fields, content, what in [
            (f"Content-Length: {length}\r\nContent-Length: {length}\r\n", body.encode(), "a length twice"),
            (f"Content-Length: {length}\r\nContent-Length: {length + 5}\r\n", body.encode(), "two lengths"),
            (f"Content-Length: 0\r\nContent-Length: {len(smuggled)}\r\n", smuggled.encode(), "a request in a body"),
            (f"Content-Length: {len(smuggled)}\r\nContent-Length: 0\r\n", smuggled.encode(), "a request behind a body"),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + smuggled.encode(), "length and chunks"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + smuggled.encode(), "chunks and length"),
        ]:
            refused(post(fields, content), what)
            same(found.row(backup)["status"], "COMPLETED", what)
        for fields, content, what in [
            ("Content-Length: -1\r\n", b"", "a negative length"),
            ("Content-Length: x\r\n", b"", "a length in letters"),
            ("Content-Length: 1x\r\n", b"{", "a length with letters"),
            (f"Content-Length: {'9' * 40}\r\n", b"", "a length of forty digits"),
            ("Transfer-Encoding: chunked\r\n", b"zz\r\n", "a chunk without a length"),
            ("Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\nx", "a chunk of endless length"),
            ("Transfer-Encoding: gzip\r\nContent-Length: 2\r\n", b"{}", "an encoding nobody knows"),
            ("No colon here\r\n", b"", "a field without a colon"),
            (f"X-Long: {'a' * 100_000}\r\n", b"", "a long field"),
            ("X: y\r\n" * 20_000, b"", "many fields"),
        ]:
            answer = post(fields, content)
            # The library closes some without a word, and says twice of others what it thinks of them.
            statuses = {int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]}
            assert statuses <= {400, 411, 413, 431, 501}, f"{what}: {answer[:300]!r}"
        with contextlib.suppress(AssertionError):
            refused(post(f"Content-Length: {50 << 30}\r\n", b"{"), "a length of 50 GiB", (413,))
        for request in (
            b"\r\n" * 1000, b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n",
            b"GET  /  HTTP/1.1\r\n\r\n", f"GET http://evil.example{path} HTTP/1.1\r\n{head}\r\n".encode(),
            f"CONNECT evil.example:80 HTTP/1.1\r\n{head}\r\n".encode(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET " + b"/a" * 50_000 + b" HTTP/1.1\r\n\r\n", f"OPTIONS * HTTP/1.1\r\n{head}\r\n".encode(),
            f"GET {path} HTTP/1.1\r\nX-Auth-Token: {TOKEN}\r\n\r\n".encode(),
            f"GET {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Auth-Token: {TOKEN}\r\n\r\n".encode(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ):
            answer = raw(service, request, seconds=1)
            assert not answer.startswith(b"HTTP/1.1 2"), f"{request[:60]!r}: {answer[:200]!r}"
        # Chunks are a right form of a body, and bare line feeds break nothing.
        chunks = b"".join(b"%x\r\n%s\r\n" % (1, bytes([byte])) for byte in body.encode()) + b"0\r\n\r\n"
        answer = post("Transfer-Encoding: chunked\r\nConnection: close\r\n", chunks, half=False, seconds=20)
        assert answer.startswith(b"HTTP/1.1 202"), f"chunks: {answer[:300]!r}"
        wait_until(lambda: all(row["status"] == "COMPLETED" for row in found.rows()), what="the backup")
        # A client that has closed its side gets its answer, or none: the library may see the end first.
        answer = post(f"Content-Length: {length}\r\n", body.encode())
        assert answer[:12] in (b"HTTP/1.1 202", b""), f"a half-open client: {answer[:300]!r}"
        wait_until(lambda: all(row["status"] == "COMPLETED" for row in found.rows()), what="the backup")
        # One that goes before all has been said changes nothing.
        before = len(found.rows())
        for cut in (0, 1, length // 2, length - 1):
            post(f"Content-Length: {length}\r\n", body.encode()[:cut])
        # One that waits to be told to go on is told.
        expect = raw(
            service, f"POST {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode(),
            half=False, seconds=2)
        assert expect.startswith(b"HTTP/1.1 100"), f"{expect!r}"
        same(len(found.rows()), before, "backups of cut requests")
        # Two requests in one packet are two answers.
        twice = f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
        same(raw(service, twice + twice.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")).count(b"HTTP/1.1 200"), 2,
             "answers to two requests at once")
        unharmed(found, backup)


def slow(world):
    """Clients that send one byte now and then, half bodies, and nothing: others are answered, memory is bounded."""
    with private(world) as found:
        backup = found.create()
        found.finish(backup)
        service = found.service
        head = f"POST /v1.0/{ACCOUNT}/backups HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Auth-Token: {TOKEN}\r\n"
        connections = []
        try:
            for index in range(300):
                connection = socket.create_connection(("127.0.0.1", service.port), timeout=5)
                connection.settimeout(5)
                connections.append(connection)
                if index % 3 == 0:
                    connection.sendall(head.encode())
                elif index % 3 == 1:
                    # Nearly all of the longest body that is taken.
                    connection.setblocking(False)
                    data = (head + f"Content-Length: {LIMIT}\r\n\r\n").encode() + b" " * (LIMIT - 1)
                    with contextlib.suppress(BlockingIOError):
                        while data:
                            data = data[connection.send(data):]
            for _ in range(20):
                begin = time.monotonic()
                same(found.ask("GET", f"/v1.0/{ACCOUNT}/backups", headers=OPENSTACK_AUTHORIZATION).status, 200, "a list")
                assert time.monotonic() - begin < 5, "others wait too long"
        finally:
            for connection in connections:
                connection.close()
        unharmed(found, backup)


def many(world):
    """10,000 connections at a time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 500), hard))
    with private(world) as found:
        backup = found.create()
        found.finish(backup)
        service = found.service
        connections, refused = [], 0
        poller = select.epoll()
        try:
            for index in range(min(count, hard - 400)):
                connection = socket.socket()
                connection.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    connection.connect(("127.0.0.1", service.port))
                connections.append(connection)
                if index % 1000 == 999:
                    # They are taken, or wait, or are refused; the service is not at its end.
                    assert service.process.poll() is None, "the service has ended"
            for connection in connections:
                try:
                    connection.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
                except BlockingIOError:
                    pass
                except OSError:
                    refused += 1
            descriptors = len(os.listdir(f"/proc/{service.process.pid}/fd"))
            assert service.process.poll() is None, "the service has ended"
            print(f"{len(connections)} connections, {refused} refused, {descriptors} descriptors of the service, "
                  f"{service.figure('VmHWM') >> 20} MiB at most")
        finally:
            poller.close()
            for connection in connections:
                connection.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(service.is_up, 60, "an answer after the flood")
        unharmed(found, backup)
        # A flood of whole requests, too.
        errors = []

        def flood():
            for _ in range(50):
                try:
                    answer = found.ask("GET", f"/v1.0/{ACCOUNT}/backups", headers=OPENSTACK_AUTHORIZATION)
                    if answer.status != 200:
                        errors.append(repr(answer))
                except OSError as error:
                    errors.append(repr(error))

        threads = [threading.Thread(target=flood) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same(errors[:3], [], "errors of 3,200 requests from 64 clients")
        unharmed(found, backup)


SCENARIOS = {"bodies": bodies, "paths": paths, "wire": wire, "slow": slow}
LONG_SCENARIOS = {"many": many}
