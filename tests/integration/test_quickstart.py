#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/quickstart with programs that are built already: its demo's table is right, and it fails when the answers are wrong."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import dnswire
import lib

COUNTRIES = {"Germany": "5.6.7.8", "Singapore": "9.10.11.12", "United States": "13.14.15.16", "Russia": "5.6.7.8", "Iran": "1.2.3.4"}
ROW = re.compile(r"^(?P<country>[A-Z][A-Za-z ]+), (?P<prefix>[\d.]+/24) +(?P<name>\S+) +(?P<before>\S+) +(?P<after>\S+) +"
                 r"(?P<ttl>\d+(?: -> \d+)?) +(?P<scope>\d+) +(?P<reason>\S.*)$", re.M)


class Tree:
    """What quickstart needs of the source tree; installing and building are left out."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="mer-")
        os.makedirs(self.path("tools", "dev"))
        os.makedirs(self.path("build", "quickstart"))
        os.mkdir(self.path("tmp"))
        shutil.copy(os.path.join(lib.TOP, "tools", "quickstart"), self.path("tools", "quickstart"))
        shutil.copytree(os.path.join(lib.TOP, "tools", "example"), self.path("tools", "example"), ignore=shutil.ignore_patterns("state"))
        for script in ("apt-install", "build"):
            lib.write(self.path("tools", "dev", script), f"echo \"{script} $*\" >>{self.path('called')}\n")
        for program in (lib.PROGRAM, lib.CONTROL):
            os.symlink(os.path.abspath(program), self.path("build", "quickstart", os.path.basename(program)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def edit(self, path, old, new):
        with open(self.path(path), encoding="utf-8") as file:
            text = file.read()
        assert old in text, f"{path} has no {old}"
        lib.write(self.path(path), text.replace(old, new))

    def environment(self):
        return {**os.environ, "TMPDIR": self.path("tmp")}

    def run(self, *arguments):
        done = subprocess.run(["sh", self.path("tools", "quickstart"), *arguments], capture_output=True, timeout=50, check=False,
                              env=self.environment(), stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def servers_of(top):
    """Servers of that tree that run."""
    done = subprocess.run(["pgrep", "-f", os.path.join(top, "build", "quickstart", "meridiand")], capture_output=True, check=False)
    return done.stdout.decode().split()


def check_table(tap, rows):
    tap.equal(len(rows), 20, "five countries, four names")
    for row in rows:
        what = f"{row['country']}, {row['name']}"
        fixed = row["name"] in ("backup", "tunnel")
        moves = row["country"] == "Russia" and row["name"] in ("widget", "api")
        before = "1.2.3.4" if fixed else COUNTRIES[row["country"]]
        wanted = (before, "1.2.3.4" if moves else before, "30 -> 15" if moves else "60" if fixed else "30")
        tap.equal((row["before"], row["after"], row["ttl"]), wanted, f"{what}: address and TTL before and after")
        if moves:
            tap.check("eu-1 is blocked in country:RU" in row["reason"] and "main" in row["reason"], f"{what}: the reason says why", row["reason"])
        else:
            tap.check("passed" not in row["reason"] and "blocked" not in row["reason"], f"{what}: the reason is its routing", row["reason"])
    moved = sorted((row["country"], row["name"]) for row in rows if row["before"] != row["after"])
    tap.equal(moved, [("Russia", "api"), ("Russia", "widget")], "exactly Russia's widget and api move")


def test_demo(tap):
    """The demo as it is."""
    with Tree() as tree:
        code, out, said = tree.run("--demo")
        tap.check(code == 0 and not said, "--demo ends well", code, out, said)
        check_table(tap, [found.groupdict() for found in ROW.finditer(out)])
        tap.check("wrong" not in out and "Russia's widget and api moved" in out, "it says what it showed", out)
        tap.equal([os.listdir(tree.path("tmp")), servers_of(tree.top)], [[], []], "it leaves no folder and no server behind")
        with open(tree.path("called"), encoding="utf-8") as file:
            called = file.read()
        tap.check(re.search(r"^apt-install .*\bgcc\b", called, re.M) and f"build {tree.path('build', 'quickstart')}" in called,
                  "it installs and builds first", called)


def test_wrong(tap):
    """What the demo must not call right."""
    for what, path, old, new in (
            ("another server serves", "tools/example/routing.yaml", "backup:   {servers: [main]", "backup:   {servers: [us-1]"),
            ("another server serves Russia from the start", "tools/example/routing.yaml", "    - {region: europe, pools",
             "    - {geos: [country:RU], pools: [asia, backup]}\n    - {region: europe, pools"),
            ("another TTL", "tools/example/meridian.yaml", "dynamic_ttl: 30", "dynamic_ttl: 40")):
        with Tree() as tree:
            tree.edit(path, old, new)
            code, out, said = tree.run("--demo")
            tap.check(code == 1 and "^ wrong" in out and "moved to the next server" not in out, f"{what}: the demo fails", code, out, said)
            tap.equal([os.listdir(tree.path("tmp")), servers_of(tree.top)], [[], []], f"{what}: nothing is left behind")
    with Tree() as tree:
        tree.edit("tools/example/meridian.yaml", "identity:", "colour: blue\nidentity:")
        code, out, said = tree.run("--demo")
        tap.check(code == 1 and "colour" in said and "did not start" in said, "a server that does not start is told", code, out, said)
    with Tree() as tree:
        for arguments in (["--nosuch"], ["--demo", "more"]):
            tap.equal(tree.run(*arguments)[0], 2, f"{' '.join(arguments)}: usage, exit 2")


def test_serve(tap):
    """Without --demo: it serves the example until it is stopped."""
    with Tree() as tree:
        port, http = lib.free_port(), lib.free_port()
        tree.edit("tools/example/meridian.yaml", "127.0.0.1@5300", f"127.0.0.1@{port}")
        tree.edit("tools/example/meridian.yaml", "127.0.0.1@8053", f"127.0.0.1@{http}")
        with open(tree.path("out"), "wb") as out:
            # pylint: disable-next=consider-using-with
            process = subprocess.Popen(["sh", tree.path("tools", "quickstart")], stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=tree.environment())

        def said():
            with open(tree.path("out"), encoding="utf-8", errors="replace") as file:
                return file.read()

        try:
            if not tap.check(lib.wait_for(lambda: "ready" in said(), 30), "it serves", said()):
                return
            subnet = re.search(r"\+subnet=(\S+) ", said()).group(1)
            tap.equal(dnswire.ask(port, "widget.yourdomain.com.", "A", subnet=subnet).values("A"), ["9.10.11.12"], "the client it shows is in Singapore")
            for command in re.findall(r"^ {4}(\S+meridianctl .*)$", said(), re.M):
                done = subprocess.run(command, shell=True, capture_output=True, timeout=20, check=False)
                tap.equal(done.returncode, 0, f"what it shows works: {command.split('control.sock ')[1]}")
            russia = re.search(r"--from (\S+)", said()).group(1)
            tap.equal(russia, "country:RU", "and asks for Russia")
            process.send_signal(signal.SIGTERM)
            tap.equal(process.wait(lib.DEADLINE_S), 0, "it ends when it is stopped")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    tap = lib.Tap()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for name, test in list(globals().items()):
        if name.startswith("test_") and wanted in name:
            test(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
