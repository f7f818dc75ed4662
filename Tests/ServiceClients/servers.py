# SPDX-License-Identifier: Apache-2.0
"""Database servers and the service under test, each in a folder of its own, without ports that others could reach."""
import contextlib
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

# What PostgreSQL is installed with stands in no folder of the usual ones.
PROGRAMS = os.pathsep.join(
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"] + sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))


class Skipped(Exception):
    """What is needed is not there; the text says what."""


def need(*programs):
    """Skips when one of the programs is not installed."""
    for program in programs:
        if shutil.which(program, path=PROGRAMS) is None:
            raise Skipped(f"there is no {program}")


def run(arguments, check=True, **more):
    """What a program writes to its standard output."""
    environment = {"PATH": PROGRAMS, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    done = subprocess.run(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def wait_until(condition, seconds=60, what="it"):
    """Asks again and again until the answer is not false, and returns it."""
    end = time.monotonic() + seconds
    pause = 0.01
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(pause)
        pause = min(0.2, pause * 1.5)


class SQLServer:
    """What databases of both servers have in common: a table of orders, and a `query` that each has its own program for."""

    def create_empty(self, database):
        self.query(f"create database {database}")

    def change(self, database, value):
        self.query(f"update orders set note = 'changed {value}' where id between 500 and 599", database)

    def wipe(self, database):
        self.query("drop table if exists orders", database)


class PostgreSQL(SQLServer):
    """A server on a socket in a folder."""

    kind = "postgresql"
    engine = "postgresql"

    def __init__(self, folder, data=None):
        need("initdb", "pg_ctl", "pg_dump", "pg_basebackup", "psql")
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.owner = []
        if os.geteuid() == 0:
            # The server refuses to run as root.
            try:
                pwd.getpwnam("postgres")
            except KeyError:
                raise Skipped("there is no user postgres") from None
            self.owner = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        self.data = data or os.path.join(folder, "data")
        if data is None:
            run(self.owner + ["initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync"])
        self.start()

    def start(self):
        log = os.path.join(self.folder, "log")
        options = f"-c listen_addresses= -c fsync=off -k '{self.folder}'"
        # Its output would keep the pipe of whoever waits for this program open.
        subprocess.run(
            self.owner + ["pg_ctl", "-D", self.data, "-w", "-l", log, "-o", options, "start"],
            env={"PATH": PROGRAMS, "LC_ALL": "C.UTF-8"}, check=True, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        run(self.owner + ["pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop"], check=False)

    def client(self, program):
        return [program, "-h", self.folder, "-U", "postgres"]

    def query(self, text, database="postgres"):
        return run(self.client("psql") + ["-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text])

    def create(self, database):
        self.create_empty(database)
        self.query(
            "create table orders as select i as id, md5(i::text) || md5((i * 7)::text) as note"
            " from generate_series(1, 20000) as i", database)

    def state(self, database):
        """What its rows are, as a short text."""
        return self.query("select md5(string_agg(id || note, ',' order by id)) from orders", database)

    def commands(self, database):
        """How the service backs it up and restores it: the way that it knows by itself."""
        return {"preset": "pg_dump",
                "environment": {"PGHOST": self.folder, "PGUSER": "postgres", "PGDATABASE": database}}

    def preset(self, database):
        return self.commands(database)

    def files(self, folder):
        """The same for all its files, restored into a folder."""
        own = "chown -R postgres . && " if os.geteuid() == 0 else ""
        return {
            "backup": {"form": "tar", "command": f"pg_basebackup -h '{self.folder}' -U postgres --checkpoint=fast -Ft "
                       "-X fetch -D -"},
            "restore": {"folder": folder, "after": f"cd '{folder}' && {own}chmod 700 ."},
        }


class MariaDB(SQLServer):
    """A server on a socket in a folder."""

    kind = "mariadb"
    engine = "mysql"

    def __init__(self, folder, data=None):
        need("mariadb-install-db", "mariadbd", "mariadb", "mariadb-admin", "mariadb-backup", "mariadb-dump")
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.data = data or os.path.join(folder, "data")
        if data is None:
            run(["mariadb-install-db", "--no-defaults", f"--user={self.user}", f"--datadir={self.data}",
                 "--auth-root-authentication-method=normal", "--skip-test-db"])
        self.process = None
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [shutil.which("mariadbd", path=PROGRAMS), "--no-defaults", f"--user={self.user}",
                 f"--datadir={self.data}", f"--socket={self.folder}/socket", "--skip-networking",
                 f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=16M"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": PROGRAMS})
        run(self.client("mariadb-admin") + ["--wait=60", "ping"])

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def client(self, program):
        return [program, "--no-defaults", "--user=root", f"--socket={self.folder}/socket"]

    def query(self, text, database="mysql"):
        return run(self.client("mariadb") + ["--batch", "--skip-column-names", "-e", text, database])

    def create(self, database):
        self.create_empty(database)
        self.query(
            "create table orders(id int primary key, note varchar(200)) engine=innodb;"
            " insert into orders select seq, concat(md5(seq), md5(seq * 7)) from seq_1_to_20000", database)

    def state(self, database):
        return self.query("checksum table orders", database).split("\t")[-1]

    def _shell(self, program):
        return " ".join(f"'{word}'" for word in self.client(program))

    def commands(self, database):
        """How the service backs it up and restores it, into whatever database that is."""
        again = f"drop database if exists {database}; create database {database}"
        return {
            "backup": {"file": "dump.sql", "command":
                       f"{self._shell('mariadb-dump')} --single-transaction --skip-dump-date {database}"},
            "restore": {"command":
                        f"{self._shell('mariadb')} -e '{again}' </dev/null && {self._shell('mariadb')} {database}"},
        }

    def preset(self, database):
        """The way that the service knows by itself; it restores into the database that was backed up."""
        return {"preset": "mariadb-dump", "databases": [database],
                "environment": {"DB_SOCKET": f"{self.folder}/socket", "DB_USER": "root"}}

    def files(self, folder):
        """The same for all its files, restored into a folder."""
        command = self._shell("mariadb-backup")
        return {
            "backup": {"form": "xbstream", "command":
                       f"{command} --backup --stream=xbstream --datadir='{self.data}' --target-dir='{self.folder}/temporary'"},
            "restore": {"folder": folder, "after": f"mariadb-backup --no-defaults --prepare --target-dir='{folder}'"},
        }


class Files:
    """No server at all: a file for each database. What is quick enough for every run."""

    kind = "files"
    engine = "postgresql"

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def stop(self):
        pass

    def path(self, database):
        return os.path.join(self.folder, database)

    def create(self, database):
        with open(self.path(database), "w", encoding="utf-8") as file:
            file.writelines(f"row {number} {number * 2654435761 % 4294967296:08x}\n" for number in range(20000))

    def create_empty(self, database):
        with open(self.path(database), "w", encoding="utf-8"):
            pass

    def change(self, database, value):
        with open(self.path(database), "a", encoding="utf-8") as file:
            file.write(f"changed {value}\n")

    def state(self, database):
        with open(self.path(database), "rb") as file:
            return file.read()

    def wipe(self, database):
        self.create_empty(database)

    def commands(self, database):
        path = self.path(database)
        return {
            "backup": {"file": "dump", "command": f"cat '{path}'"},
            "restore": {"command": f"cat >'{path}.new' && mv '{path}.new' '{path}'"},
        }


KINDS = {"files": Files, "postgresql": PostgreSQL, "mariadb": MariaDB}


class Service:
    """The service, with a configuration, tokens and a repository of its own."""

    def __init__(self, folder, binary, tool, instances, tokens=True, **settings):
        self.folder = folder
        self.binary = binary
        self.tool = tool
        os.makedirs(folder, exist_ok=True)
        self.repository = os.path.join(folder, "repository")
        self.configuration = os.path.join(folder, "service.json")
        self.log = os.path.join(folder, "service.log")
        self.process = None
        self.port = 0
        values = {"repository": self.repository, "listen": "127.0.0.1:0", "instances": instances, **settings}
        if tokens:
            path = os.path.join(folder, "tokens")
            with open(path, "w", encoding="utf-8") as file:
                os.chmod(path, 0o600)
                file.write(TOKENS)
            values["tokens"] = path
        with open(self.configuration, "w", encoding="utf-8") as file:
            # It may hold secrets.
            os.chmod(self.configuration, 0o600)
            json.dump(values, file, indent=1)
        if not os.path.exists(self.repository):
            run([tool, "-q", "backup", "init", "-R", self.repository])

    def start(self, environment=None):
        """Starts it, and waits until it answers."""
        begin = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--config", self.configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": PROGRAMS, "LC_ALL": "C.UTF-8", "HOME": self.folder, **(environment or {})})
        self.port = wait_until(lambda: self._port(begin), 30, "the service's address")
        wait_until(self.is_up, 30, "the service's answer")
        return self

    def _port(self, begin):
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended with {self.process.returncode}: {self.said()[-2000:]}")
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(begin)
            for line in log:
                if "://" in line and line.endswith("\n"):
                    return int(line.split("://")[1].split("/")[0].split()[0].rsplit(":", 1)[1].rstrip(".,"))
        return None

    def is_up(self):
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def said(self):
        """All that it has written to its log."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def figure(self, name):
        """A number of /proc/PID/status, such as VmHWM, in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            for line in status:
                if line.startswith(name + ":"):
                    words = line.split()
                    return int(words[1]) * (1024 if words[2:] == ["kB"] else 1)
        raise AssertionError(f"there is no {name}")

    def stop(self, number=signal.SIGTERM, seconds=60):
        """Ends it, and returns its status."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process = None

    def archivetool(self, *arguments, check=True):
        """What the command line says of the repository."""
        return run([self.tool, *arguments, "-R", self.repository], check=check)

    def verify(self):
        """Fails unless all complete backups are whole."""
        self.archivetool("backup", "verify", "--full")


TOKEN = "token-of-the-tests-0001"
READING_TOKEN = "token-of-a-reader-0002"
ACCESS_KEY = "ACCESSKEYOFTHETESTS"
SECRET_KEY = "secret-key-of-the-tests-0003"
SERVICE_ID = "service-of-the-tests"
SERVICE_SECRET = "service-secret-of-the-tests-0004"
READING_SERVICE_ID = "service-of-a-reader"
READING_SERVICE_SECRET = "service-secret-of-a-reader-0005"
SECRETS = [TOKEN, READING_TOKEN, SECRET_KEY, SERVICE_SECRET, READING_SERVICE_SECRET]
TOKENS = f"""# who may ask
token tests {TOKEN}
token reader {READING_TOKEN} read
key tests {ACCESS_KEY} {SECRET_KEY}
service tests {SERVICE_ID} {SERVICE_SECRET}
service reader {READING_SERVICE_ID} {READING_SERVICE_SECRET} read
"""
