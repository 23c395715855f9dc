# SPDX-License-Identifier: BSD-2-Clause
# For the benchmarks: a room of their own, a server each, and the program that asks. Sourced, after `set -eu`.
# shellcheck shell=sh disable=SC2034 # what is set here is used where it is sourced
# Needs: $builddir, where meridiand and tools/bench/load are (default: build/bench, which is built).

top=$(cd "$(dirname "$0")/../.." && pwd)
builddir=${builddir:-$top/build/bench}
room=$(mktemp -d)
started=
# shellcheck disable=SC2317 # called by the trap
leave() {
    for pid in $started; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$room"
}
trap leave EXIT
trap 'exit 130' INT TERM

build_bench() {
    [ "$builddir" != "$top/build/bench" ] || sh "$top/tools/dev/build" "$builddir"
    make -C "$builddir" -s tools/bench/load >/dev/null
    load=$builddir/tools/bench/load
}

words() { # "DE FR" → country:DE, country:FR
    echo "$1" | sed 's/\([A-Z][A-Z]\)/country:\1/g; s/ /, /g'
}

# The same rules for all servers: three regions, everybody else gets the last.
# PORT → a configuration with static names n0 … n9999, and geo by country.
write_meridian() { # PORT [NAMES]
    mkdir -p "$room/meridian/zones"
    cat >"$room/meridian/meridian.yaml" <<END
listen: ["127.0.0.1@$1"]
workers: 1
state: ""
control: control.sock
http: ""
geoip: {databases: [/usr/share/tor/geoip, /usr/share/tor/geoip6]}
routing: routing.yaml
zones: {directory: zones}
END
    cat >"$room/meridian/routing.yaml" <<END
servers:
  eu: {addresses: [192.0.2.1]}
  as: {addresses: [192.0.2.2]}
  na: {addresses: [192.0.2.3]}
  all: {addresses: [192.0.2.4]}
pools: {eu: {servers: [eu]}, as: {servers: [as]}, na: {servers: [na]}, all: {servers: [all]}}
policies:
  nearest:
    - {geos: [$(words "$europe")], pools: [eu, all]}
    - {geos: [$(words "$asia")], pools: [as, all]}
    - {geos: [$(words "$america")], pools: [na, all]}
    - {pool: all}
END
    awk -v names="${2:-10000}" 'BEGIN {
        print "\"\": {type: NS, values: [ns1.example.com.]}"
        print "ns1: {type: A, value: 192.0.2.53}"
        print "geo: {type: A, dynamic: {policy: nearest}}"
        for (i = 0; i < names; i++)
            printf "n%d: {type: A, value: 10.%d.%d.%d}\n", i, i / 65536 % 256, i / 256 % 256, i % 256
    }' >"$room/meridian/zones/example.com.yaml"
}

# Countries of each region: both servers are given the same list.
europe='AT BE CH CZ DE DK ES FI FR GB GR HU IE IT NL NO PL PT RO RU SE UA'
asia='CN HK ID IN IR JP KR MY PH SG TH TR TW VN'
america='CA MX US'

# Debian's country ranges of IPv4 as gdnsd's nets: what lies in a region, in whole prefixes.
nets_of_ranges() {
    awk -F, -v eu="$europe" -v as="$asia" -v na="$america" '
        function learn(codes, region,   n, list, i) {
            n = split(codes, list, " ")
            for (i = 1; i <= n; i++) region_of[list[i]] = region
        }
        BEGIN { learn(eu, "eu"); learn(as, "as"); learn(na, "na") }
        /^#/ || !($3 in region_of) { next }
        {
            first = $1
            while (first <= $2) {
                bits = 0
                while (bits < 32 && first % (2 ^ (bits + 1)) == 0 && first + 2 ^ (bits + 1) - 1 <= $2) bits++
                printf "%d.%d.%d.%d/%d => [%s, all]\n", int(first / 16777216), int(first / 65536) % 256,
                    int(first / 256) % 256, first % 256, 32 - bits, region_of[$3]
                first += 2 ^ bits
            }
        }' /usr/share/tor/geoip
}

write_gdnsd() { # PORT [NAMES]
    mkdir -p "$room/gdnsd/config/zones" "$room/gdnsd/config/geoip" "$room/gdnsd/run" "$room/gdnsd/state"
    cat >"$room/gdnsd/config/config" <<END
options => {
  listen => 127.0.0.1:$1
  udp_threads => 1
  tcp_threads => 1
  run_dir => $room/gdnsd/run
  state_dir => $room/gdnsd/state
  edns_client_subnet => true
}
plugins => { geoip => {
  maps => { m => { nets => nets, datacenters => [all, eu, as, na] } }
  resources => { nearest => { map => m, service_types => up, dcmap => {
    eu => 192.0.2.1, as => 192.0.2.2, na => 192.0.2.3, all => 192.0.2.4 } } }
} }
END
    nets_of_ranges >"$room/gdnsd/config/geoip/nets"
    awk -v names="${2:-10000}" 'BEGIN {
        print "@ 3600 SOA ns1 hostmaster 1 3600 600 1209600 60"
        print "@ 3600 NS ns1"
        print "ns1 3600 A 192.0.2.53"
        print "geo 30 DYNA geoip!nearest"
        for (i = 0; i < names; i++)
            printf "n%d 3600 A 10.%d.%d.%d\n", i, i / 65536 % 256, i / 256 % 256, i % 256
    }' >"$room/gdnsd/config/zones/example.com"
}

wait_until_answers() { # PORT SECONDS
    tries=0
    until dig @127.0.0.1 -p "$1" n1.example.com A +short +time=1 +tries=1 2>/dev/null | grep -q 10.0.0.1; do
        tries=$((tries + 1))
        [ $tries -lt $(($2 * 2)) ] || { echo "the server on port $1 does not answer" >&2; return 1; }
        sleep 0.5
    done
}
