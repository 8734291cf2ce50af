# What scripts of this folder share; sourced from the top of the tree, after BUILD is set.
# shellcheck shell=bash

# nap SECONDS: between two looks at what is waited for, or as long as a fault lasts
nap() { read -rt "$1" <> <(:) || true; }
# die WHAT: ends the test, with the last words of the scan that wrote $dir/log, if there is one
die() {
    echo "$*"
    # shellcheck disable=SC2154
    tail -n 5 "$dir/log" 2>/dev/null
    exit 1
}
# until_true WHAT COMMAND...: waits for an event, at most 60 s
until_true() {
    local what=$1 i
    shift
    for ((i = 0; i < 1200; i++)); do
        "$@" >/dev/null 2>&1 && return
        nap 0.05
    done
    die "never seen: $what"
}
# serve DIR OPTIONS...: the simulated internet, with its files in DIR; returns when it is up, with
# its process in $simnet, its ports in $DNS_PORT, $HTTPS_PORT and $SMTP_PORT, and $CA_FILE
serve_in=() # what it is started with, as nsenter with its options
serve() {
    local at=$1
    shift
    rm -f "$at/ports.env"
    "${serve_in[@]}" "$BUILD/simnet" --dir "$at" "$@" >"$at/simnet.log" 2>&1 &
    simnet=$!
    until [ -s "$at/ports.env" ]; do
        kill -0 "$simnet" 2>/dev/null || { cat "$at/simnet.log"; exit 1; }
        nap 0.05
    done
    # shellcheck disable=SC1091
    . "$at/ports.env"
}
