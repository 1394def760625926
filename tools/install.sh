#!/bin/sh
# Makes .venv: a virtual environment with everything in requirements.lock, the hub and its plugins.
# Uses uv where it is installed, else what comes with Python. Run by make; needs no root.
set -eu
cd "$(dirname "$0")/.."

suits() { # a Python that is new enough, and can make virtual environments
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$python" >/dev/null && suits "$python"; then
            echo "$python"
            return
        fi
    done
    {
        echo "Koppel needs Python 3.11 or newer with its venv module. Found:"
        for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
            command -v "$python" >/dev/null || continue
            printf '  %s: %s\n' "$(command -v "$python")" "$("$python" -c '
import sys
print(sys.version.split()[0], end=", ")
try:
    import venv, ensurepip
except ImportError:
    print("without venv")
else:
    print("too old" if sys.version_info < (3, 11) else "with venv")' 2>&1 | tail -n 1)"
        done
        echo "On Debian or Ubuntu: apt install python3 python3-venv"
        echo "On macOS: brew install python@3.13"
        echo "Or name one: make up PYTHON=/path/to/python3"
    } >&2
    return 2
}

# A virtual environment whose Python was removed or replaced is of no use.
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

if command -v uv >/dev/null; then
    set -- uv pip install --quiet --python .venv/bin/python
else
    set -- .venv/bin/python -m pip install --quiet --disable-pip-version-check
fi

echo "Installing what requirements.lock says"
"$@" --require-hashes -r requirements.lock
# The hub and its plugins as they stand here. What builds them is in the lock too: nothing unpinned
# is fetched for that.
editable="-e ."
for plugin in plugins/*/; do
    if [ -f "$plugin/pyproject.toml" ]; then
        editable="$editable -e ./${plugin%/}"
    fi
done
# shellcheck disable=SC2086  # one word each
"$@" --no-deps --no-build-isolation $editable
touch .venv/installed
