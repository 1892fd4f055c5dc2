#!/usr/bin/env bash
# Set up a checkout: system libraries, the application's environment, the job runtime. Safe to repeat.
#   packaging/setup.sh          what running needs
#   packaging/setup.sh test     and what the tests need (a virtual display with a window manager and a tray, a second broker and database)
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
say() { printf '\033[1m[setup]\033[0m %s\n' "$*"; }

# --- 1. Python and system libraries ---------------------------------------------------------------
find_python() {
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

packages="libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0 libxcb-cursor0 libxkbcommon-x11-0
libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 bubblewrap"
# Debian and Ubuntu keep what makes virtual environments apart from Python itself.
[ -n "$(find_python)" ] || packages="python3 python3-venv $packages"
[ "$what" = test ] && packages="$packages xvfb xauth openbox trayer xdotool dbus mosquitto postgresql fonts-noto-cjk"
missing=""
if command -v dpkg-query >/dev/null; then
    for name in $packages; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
            dpkg-query -W -f '${Status}' "${name}t64" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $name"
    done
fi
if [ -n "$missing" ]; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    say "installing system packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    said=$(mktemp)
    # shellcheck disable=SC2086  # word splitting is meant
    if ! { $as_root apt-get update -q >/dev/null && $as_root apt-get install -q -y --no-install-recommends $missing >/dev/null; } 2>"$said"; then
        say "they could not be installed here ($(tail -n 1 "$said")). As an administrator, run:"
        say "    apt-get install$missing"
        say "and repeat. Going on; what needs them will say so."
    fi
    rm -f "$said"
fi

# --- 2. the interpreter --------------------------------------------------------------------------
python=$(find_python)
if [ -z "$python" ]; then
    say "no Python 3.11 or newer with venv was found. On Debian 12 or Ubuntu, run:"
    say "    apt-get install python3 python3-venv"
    say "and repeat, or name an interpreter: make setup PYTHON=/path/to/python3.12"
    exit 2
fi

# --- 3. the application's environment ------------------------------------------------------------
stamp=$(cat pyproject.toml resources/constraints.txt | sha256sum | cut -d ' ' -f 1)
if [ "$(cat .venv/.stamp 2>/dev/null || true)" != "$stamp" ]; then
    say "making .venv with $("$python" -V): about 1 GB, half a minute on a quick line"
    started=$(date +%s)
    # One that was interrupted while it was made has no pip.
    .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c resources/constraints.txt -e '.[dev]'
    echo "$stamp" >.venv/.stamp
    say ".venv is ready after $(($(date +%s) - started)) s"
fi
# Pip has compiled what it installed. Ours is compiled here, where it changed: else the window's first
# start does it, and with PYTHONDONTWRITEBYTECODE every start.
.venv/bin/python -m compileall -qq app agent_core || true

# --- 4. the job runtime --------------------------------------------------------------------------
say "job runtime (torch and flwr in their own environment): about 1.2 GB, made once and shared"
.venv/bin/silodesk runtime make
