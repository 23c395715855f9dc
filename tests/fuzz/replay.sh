#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays each fuzz target's corpus: one TAP line a target. A target without a corpus fails.
# FUZZ_TARGETS: the programs, relative to the build folder; srcdir: where the corpora are.
set -u
srcdir=${srcdir:-.}
count=0
failed=0
log=$(mktemp) || exit 99
trap 'rm -f "$log"' EXIT

for target in ${FUZZ_TARGETS:-}; do
    count=$((count + 1))
    name=${target##*/fuzz_}
    set -- "$srcdir/tests/fuzz/corpus/$name"/*
    if [ ! -f "$1" ]; then
        echo "not ok $count - $name has a corpus"
        failed=1
    elif "./$target" "$@" >"$log" 2>&1; then
        echo "ok $count - $name replays $# inputs"
    else
        sed 's/^/# /' "$log"
        echo "not ok $count - $name replays $# inputs"
        failed=1
    fi
done
echo "1..$count"
exit $failed
