#!/usr/bin/env bash
# Re-make both lock files from pyproject.toml: exact versions, hashes, no index addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
uv="${UV:-uv}"
common=(--group build --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --quiet)
"$uv" pip compile pyproject.toml "${common[@]}" --output-file requirements/run.txt "$@"
"$uv" pip compile pyproject.toml "${common[@]}" --group dev --output-file requirements/dev.txt --constraint requirements/run.txt "$@"
