# SPDX-License-Identifier: Apache-2.0
"""The service under load: lists of many backups at a steady rate, and a backup that is made meanwhile."""
import concurrent.futures
import http.client
import json
import os
import signal
import statistics
import subprocess
import time

from harness.processes import Failed, program, spread

ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = "token-of-the-benchmarks-0001"
INSTANCES = 4
BACKUP = "large"
# How many backups are made one after another to see what one more costs: processor time is counted in hundredths.
MORE = 40

# What is asked for, in turns: a page of each interface that has pages.
def lists(backups):
    """Path, field and value of each, in the middle of so many backups."""
    middle = backups // INSTANCES // 2
    return {
        "Trove": (f"/v1.0/{ACCOUNT}/backups?limit=20&instance_id=small-0", "X-Auth-Token", TOKEN),
        "RDS": (
            f"/v3/{ACCOUNT}/backups?instance_id=small-1&offset={middle}&limit=20", "X-Auth-Token", TOKEN),
        "GaussDB": (
            f"/mysql/v3/{ACCOUNT}/backups?instance_id=small-2&offset={middle}&limit=20", "X-Auth-Token", TOKEN),
        "PlanetScale": (
            f"/v1/organizations/{ACCOUNT}/databases/small-3/branches/main/backups?page=3&per_page=20", "Authorization",
            f"Bearer {TOKEN}"),
    }


class Service:
    """The service over a repository with many small backups."""

    def __init__(self, tool, folder, size, note):
        self.tool, self.serve, self.folder, self.note = tool, tool + "-serve", folder, note
        if not os.path.exists(self.serve):
            raise Failed(f"there is no {self.serve}")
        self.repository = os.path.join(folder, "repository")
        self.data = os.path.join(folder, "data")
        with open(self.data, "wb") as file:
            subprocess.run([program("sample-data"), str(size)], stdout=file, check=True)
        common = {"account": ACCOUNT, "engine": "postgresql"}
        instances = [
            {**common, "id": f"small-{number}", "database": f"small-{number}",
             "backup": {"command": "echo $BACKUP_ID", "file": "data"}} for number in range(INSTANCES)]
        instances.append({**common, "id": BACKUP, "backup": {"command": f"cat '{self.data}'", "file": "data"}})
        tokens = os.path.join(folder, "tokens")
        self.configuration = os.path.join(folder, "service.json")
        for path, text in (
            (tokens, f"token bench {TOKEN}\n"),
            (self.configuration, json.dumps({
                "repository": self.repository, "listen": "127.0.0.1:0", "tokens": tokens, "instances": instances,
                "workers": 4})),
        ):
            with open(path, "w", encoding="utf-8") as file:
                os.chmod(path, 0o600)
                file.write(text)
        subprocess.run([tool, "-q", "backup", "init", "-R", self.repository], check=True)
        self.process = None
        self.port = 0

    def start(self):
        log = os.path.join(self.folder, "service.log")
        with open(log, "wb") as file:
            self.process = subprocess.Popen(
                [self.serve, "--config", self.configuration], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        end = time.monotonic() + 60
        while not self.port:
            with open(log, encoding="utf-8", errors="replace") as file:
                for line in file:
                    if "://" in line and line.endswith("\n"):
                        self.port = int(line.split("://")[1].split("/")[0].split()[0].rsplit(":", 1)[1].rstrip(".,"))
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed("the service does not start")
            time.sleep(0.02)
        while True:
            try:
                self.ask("GET", "/healthz")
                return
            except OSError:
                time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)

    def ask(self, method, path, body=None, connection=None):
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            own.request(method, path, None if body is None else json.dumps(body),
                        {"X-Auth-Token": TOKEN, "Content-Type": "application/json"})
            answer = own.getresponse()
            return answer.status, answer.read()
        finally:
            if connection is None:
                own.close()

    def create(self, instance, connection=None):
        """Makes one backup, and waits for its end; returns its row."""
        path = f"/v1.0/{ACCOUNT}/backups"
        status, body = self.ask("POST", path, {"backup": {"name": "bench", "instance": instance}}, connection)
        if status != 202:
            raise Failed(f"a create was answered with {status}: {body[:300]!r}")
        backup = json.loads(body)["backup"]["id"]
        while True:
            row = json.loads(self.ask("GET", f"{path}/{backup}", None, connection)[1])["backup"]
            if row["status"] in ("COMPLETED", "FAILED"):
                break
            time.sleep(0.002)
        if row["status"] == "FAILED":
            raise Failed("a backup has failed")
        return row

    def fill(self, count):
        """So many small backups, several instances at a time."""
        def work(number):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            for _ in range(number, count, INSTANCES):
                self.create(f"small-{number}", connection)
            connection.close()

        begin = time.monotonic()
        self.create("small-0")
        first = time.monotonic() - begin
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(INSTANCES) as pool:
            for done in [pool.submit(work, number) for number in range(INSTANCES)]:
                done.result()
        seconds = time.monotonic() - begin
        last, cpu = [], self.cpu()
        for _ in range(MORE):
            begin = time.monotonic()
            self.create("small-0")
            last.append(time.monotonic() - begin)
        last, cpu = statistics.median(last), (self.cpu() - cpu) / MORE
        self.note(f"{count} backups of one line each in {seconds:.0f} s; the first took {first * 1e3:.0f} ms, one more "
                  f"takes {last * 1e3:.0f} ms, of which {cpu * 1e3:.1f} ms are processor time of the service")
        return {"seconds": round(seconds, 1), "first": round(first, 4), "last": round(last, 4), "last_cpu": round(cpu, 4)}

    def cpu(self):
        """Seconds of processor time that the service has taken, without its children."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def load(service, rate, seconds, requests, connections=16):
    """Runs the generator; its line as an object."""
    done = subprocess.run(
        [program("http-load"), str(service.port), str(rate), str(seconds), str(connections), *requests],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failed(f"http-load: {done.stderr.strip()}")
    names = ("due", "answers", "wrong", "failed", "median", "p99", "longest", "generator_cpu", "seconds")
    result = {name: float(word) for name, word in zip(names, done.stdout.split())}
    if result["wrong"] or result["failed"]:
        raise Failed(f"{result['wrong']:.0f} answers were not 200, {result['failed']:.0f} did not come")
    result["rate"] = round(result["answers"] / result["seconds"], 1)
    return result


def request_files(service, folder, backups):
    """One file for each list, after a look at what it answers."""
    files = {}
    for name, (path, field, value) in lists(backups).items():
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        connection.request("GET", path, headers={field: value})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        rows = body.get("backups", body.get("data"))
        if answer.status != 200 or len(rows) != 20:
            raise Failed(f"the list of {name} was answered with {answer.status} and {len(rows or [])} rows")
        files[name] = os.path.join(folder, f"request-{name}")
        with open(files[name], "wb") as file:
            file.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n{field}: {value}\r\n\r\n".encode())
    return files


def peer_rate(service, name, seconds, backups):
    """What wrk gets out of one list, when it is there."""
    path, field, value = lists(backups)[name]
    try:
        done = subprocess.run(
            ["wrk", "-t1", "-c16", f"-d{seconds}s", "-H", f"{field}: {value}", f"http://127.0.0.1:{service.port}{path}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return next((float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("Requests/sec")), None)


def run(options, context):
    """All figures."""
    service = Service(context.tool, context.folder, options.size << 20, context.note)
    try:
        service.start()
        result = {"backups": options.backups, "fill": service.fill(options.backups)}
        files = request_files(service, context.folder, options.backups)
        requests = list(files.values())
        load(service, options.rate, 2, requests)
        before = service.cpu()
        steady = load(service, options.rate, options.seconds, requests)
        steady["service_cpu"] = round((service.cpu() - before) / steady["seconds"], 3)
        steady["generator_cpu"] = round(steady["generator_cpu"] / steady["seconds"], 3)
        result["steady"] = steady
        context.note(
            f"{steady['rate']:.0f} lists a second: median {steady['median'] * 1e3:.2f} ms, 99 of 100 within "
            f"{steady['p99'] * 1e3:.2f} ms, longest {steady['longest'] * 1e3:.1f} ms, "
            f"{steady['service_cpu']:.1%} of a core, and {steady['generator_cpu']:.1%} for the generator")
        result["most"] = {}
        for name, file in files.items():
            most = load(service, 0, max(2, options.seconds // 4), [file])["rate"]
            wrk = peer_rate(service, name, max(2, options.seconds // 4), options.backups)
            result["most"][name] = {"rate": most, "wrk": wrk}
            context.note(f"{name}: {most:.0f} lists a second at most" + (f", {wrk:.0f} as wrk counts" if wrk else ""))
        result["backup"] = slowdown(service, options, context, requests)
        result["memory"] = service.memory()
        context.note(f"the service's memory: {result['memory'] >> 20} MiB at most")
        return result
    finally:
        service.stop()


def slowdown(service, options, context, requests):
    """How long a backup takes alone, and while lists are asked for, in turns."""
    def once(loaded):
        generator = None
        if loaded:
            generator = subprocess.Popen(
                [program("http-load"), str(service.port), str(options.rate), "600", "16", *requests],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.5)
        try:
            begin = time.monotonic()
            backup = service.create(BACKUP)["id"]
            seconds = time.monotonic() - begin
        finally:
            if generator is not None:
                generator.kill()
                generator.wait()
        # Each is a full one, as if it were the first.
        service.ask("DELETE", f"/v1.0/{ACCOUNT}/backups/{backup}")
        return seconds

    once(False)
    alone, loaded = [], []
    for _ in range(options.runs):
        alone.append(once(False))
        loaded.append(once(True))
    ratios = [second / first for first, second in zip(alone, loaded)]
    loss = 1 - 1 / statistics.median(ratios)
    result = {
        "bytes": options.size << 20, "alone": round(statistics.median(alone), 3),
        "loaded": round(statistics.median(loaded), 3), "loss": round(loss, 4), "spread": round(spread(ratios), 4)}
    context.note(
        f"a backup of {options.size} MiB: {result['alone']:.2f} s alone, {result['loaded']:.2f} s with "
        f"{options.rate} lists a second: it loses {loss:.1%} of its speed, ±{result['spread']:.1%}")
    return result


def verdicts(result, rate):
    """What was promised, and what came of it."""
    return [
        ("lists a second on two cores", result["steady"]["rate"], f"at least {rate}",
         result["steady"]["rate"] >= rate * 0.99 and result["steady"]["p99"] < 0.1),
        ("of its speed a backup loses", result["backup"]["loss"], "at most 5 %", result["backup"]["loss"] <= 0.05),
    ]


