#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the Makefile needs, and only what is missing.
#
#   scripts/setup.sh venv DIR SPEC     a virtual environment with SPEC ('.' or '.[dev]') in it
#   scripts/setup.sh emulator          the Arm compiler and the emulator
#   scripts/setup.sh toolchains        these, compilers and emulators of the other targets, clang,
#                                      cmake and make
#
# System packages come from apt, as root or through sudo. $PYTHON chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif { : </dev/tty; } 2>/dev/null; then
        sudo "$@" # which asks for a password there
    else
        sudo -n "$@"
    fi
}

# Installs apt packages; the output is shown only when something goes wrong.
install_packages() {
    local packages="$*" log
    command -v apt-get >/dev/null ||
        fail "$packages missing, and there is no apt-get here; install their like with your package manager"
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        fail "$packages missing; as root, run: apt-get install --no-install-recommends $packages"
    echo "setup: installing $packages" >&2
    log=$(mktemp)
    if ! { as_root apt-get update &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install $packages (its last lines are above)"
    fi
    rm -f "$log"
}

have() {
    command -v "$1" >/dev/null
}

# Whether a compiler finds a file of its C library.
finds() {
    have "$1" && [ -f "$("$1" -print-file-name="$2")" ]
}

missing_emulator() {
    have arm-none-eabi-gcc || echo gcc-arm-none-eabi
    finds arm-none-eabi-gcc libc.a || echo libnewlib-arm-none-eabi
    have qemu-system-arm || echo qemu-system-arm
}

missing_others() {
    have aarch64-linux-gnu-gcc || echo gcc-aarch64-linux-gnu
    finds aarch64-linux-gnu-gcc libc.a || echo libc6-dev-arm64-cross
    have qemu-aarch64 || echo qemu-user
    have riscv64-unknown-elf-gcc || echo gcc-riscv64-unknown-elf
    finds riscv64-unknown-elf-gcc picolibc.specs || echo picolibc-riscv64-unknown-elf
    have qemu-system-riscv32 || echo qemu-system-misc
}

missing_toolchains() {
    missing_emulator
    missing_others
    for tool in clang cmake make; do
        have "$tool" || echo "$tool"
    done
}

install_missing() {
    local packages
    mapfile -t packages < <("$1")
    [ "${#packages[@]}" -eq 0 ] || install_packages "${packages[@]}"
}

make_venv() {
    local directory=$1 spec=$2 python=${PYTHON:-python3}
    have "$python" || fail "$python not found; install Python 3.11 or newer, or name one in PYTHON="
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$python is $("$python" --version); name Python 3.11 or newer in PYTHON="
    if [ ! -x "$directory/bin/pip" ]; then
        # Debian keeps the means to make an environment with pip in a package of its own.
        "$python" -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
        "$python" -m venv "$directory"
    fi
    echo "setup: installing microlith into $directory (the first time takes a minute)" >&2
    "$directory/bin/pip" install -qq --disable-pip-version-check --no-input -e "$spec" </dev/null ||
        fail "pip could not install $spec into $directory (its message is above)"
}

case "${1:-}" in
venv) make_venv "$2" "$3" ;;
emulator) install_missing missing_emulator ;;
toolchains) install_missing missing_toolchains ;;
*) fail "unknown step '${1:-}'; one of venv, emulator, toolchains" ;;
esac
