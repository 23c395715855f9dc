#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Fails when an include points up or sideways: tools > zones > dns | geoip > dns/base; zones/steering needs
# nothing else of zones. Libraries stay where DESIGN puts them: none of them is on the query path. Prints TAP.
set -eu
cd "${srcdir:-.}"

seen() { # FOLDER FORBIDDEN-REGEX [FILE-REGEX THAT MAY]
    [ -d "$1" ] || return 0
    grep -rnE --include='*.[ch]' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]($2)" "$1" |
        grep -vE "^(${3:-})\$|^(${3:-^}):" || true
}

found=$(
    seen dns/base 'dns/[a-z_]+\.h|geoip/|zones/|tools/|tests/'
    seen dns 'geoip/|zones/|tools/|tests/'
    seen geoip 'dns/[a-z_]+\.h|zones/|tools/|tests/'
    seen zones/steering 'zones/[a-z_]+\.h|tools/|tests/'
    seen zones 'tools/|tests/|dns/(edns|emit|serve|udp|tcp|xdp|server|rrl|cookie|stats|wirebuf)\.h'
    seen tools 'tests/'
    for d in dns geoip zones tools; do seen "$d" '\.\./'; done
    for d in dns geoip zones/steering; do seen "$d" 'ldns/'; done
    for d in dns zones tools; do seen "$d" 'maxminddb\.h'; done
    for d in geoip zones tools/meridianctl; do seen "$d" 'event2/'; done
    for d in dns geoip zones tools; do seen "$d" 'urcu' 'dns/base/reader\.c|zones/store\.c'; done
)
echo 1..1
if [ -n "$found" ]; then
    echo "$found" | sed 's/^/# /'
    echo 'not ok 1 - includes point down'
    exit 1
fi
echo 'ok 1 - includes point down'
