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
