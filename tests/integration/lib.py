# SPDX-License-Identifier: BSD-2-Clause
"""Starts and stops the server in a folder of its own, talks to it, and prints TAP. No test sleeps: each waits for what it wants."""
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import dnswire

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.environ.get("builddir") or os.path.join(TOP, "build", "gcc")
PROGRAM = os.path.join(BUILD, "meridiand")
CONTROL = os.path.join(BUILD, "meridianctl")
DEADLINE_S = 10.0
STEP_S = 0.01


class Tap:
    """Counts and prints checks. `done` gives the exit code."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, good, text, *details):
        self.count += 1
        if not good:
            self.failed += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}")
        if not good:
            for detail in details:
                for line in str(detail).splitlines() or [""]:
                    print(f"#   {line}")
        sys.stdout.flush()
        return good

    def equal(self, got, wanted, text):
        return self.check(got == wanted, text, f"got:    {got!r}", f"wanted: {wanted!r}")

    def note(self, text):
        print(f"# {text}")

    def done(self):
        print(f"1..{self.count}")
        return 1 if self.failed or not self.count else 0


def wait_for(condition, deadline_s=DEADLINE_S):
    """Asks until the condition is true; its last value. Whatever happens, no longer than the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(STEP_S)


def free_port():
    """A port that nobody has for UDP or TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def write(path, data):
    """Writes a file whole: a reader sees the old one or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = os.path.join(os.path.dirname(path), ".new-" + os.path.basename(path))
    with open(new, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    os.rename(new, path)


class Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(connection, method, path, body=None, headers=None):
    """Status and body: parsed if it is JSON."""
    try:
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        text = reply.read().decode()
    finally:
        connection.close()
    try:
        return reply.status, json.loads(text)
    except ValueError:
        return reply.status, text


def ctl(*arguments, **options):
    """meridianctl: exit code, what it printed, what it complained."""
    done = subprocess.run([CONTROL, *arguments], capture_output=True, timeout=60, check=False, **options)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


CONFIG = """\
listen: ["127.0.0.1@0"]
workers: 1
state: state
identity: test
zones: {directory: zones}
routing: routing.yaml
health: {directory: health.d}
http: ""
control: control.sock
"""


class Server:
    """meridiand in a temporary folder. files: path below the folder → text."""

    def __init__(self, files=None):
        self.folder = tempfile.mkdtemp(prefix="mer-")
        self.process = None
        self.port = None
        self.log_path = os.path.join(self.folder, "log")
        os.mkdir(self.path("zones"))
        os.mkdir(self.path("health.d"))
        contents = {"meridian.yaml": CONFIG, "routing.yaml": "servers: {}\n"}
        contents.update(files or {})
        for path, text in contents.items():
            self.write(path, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, path, text):
        write(self.path(path), text)

    def remove(self, path):
        os.unlink(self.path(path))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def start(self, *arguments, config="meridian.yaml", deadline_s=60, **options):
        """Runs it until it says ready; False, if it ended before. options: of Popen."""
        with open(self.log_path, "wb") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen([PROGRAM, "-c", self.path(config), *arguments], stderr=log,
                                            stdin=subprocess.DEVNULL, **options)
        wait_for(lambda: "ready" in self.log() or self.process.poll() is not None, deadline_s)
        found = re.search(r"listening on 127\.0\.0\.1@(\d+)", self.log())
        self.port = int(found.group(1)) if found else None
        return self.process.poll() is None and self.port is not None

    def stop(self):
        """Ends it; its exit code."""
        if not self.process:
            return None
        self.process.terminate()
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def restart(self):
        self.stop()
        return self.start()

    def signal(self, number):
        self.process.send_signal(number)

    def check(self):
        """meridiand -t: exit code and what it printed."""
        done = subprocess.run([PROGRAM, "-t", "-c", self.path("meridian.yaml")], capture_output=True, timeout=60, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def ask(self, name, rtype="A", **options):
        return dnswire.ask(self.port, name, rtype, **options)

    def values(self, name, rtype="A", **options):
        return self.ask(name, rtype, **options).values(rtype)

    def http(self, method, path, body=None, headers=None):
        return request(Unix(self.path("control.sock")), method, path, body, headers)

    def ctl(self, *arguments, **options):
        """meridianctl over the control socket: exit code, what it printed, what it complained. options: of run."""
        return ctl("-s", self.path("control.sock"), *arguments, **options)

    def metrics(self):
        """Series as written → value."""
        lines = self.http("GET", "/metrics")[1].splitlines()
        return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    def messages(self):
        """Everything that the status complains about."""
        status = self.status()
        texts = list(status["reload"]["messages"])
        for part in status["zones"] + status["writers"]:
            texts += part.get("messages", [])
        return "\n".join(texts)

    def status(self):
        return self.http("GET", "/v1/status")[1]
