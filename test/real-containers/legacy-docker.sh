#!/usr/bin/env bash
# Given to wrangler as WRANGLER_DOCKER_BIN: the `docker` of Debian, whose builder knows none of the options that buildx
# has, and an engine that need not pull what it holds.
set -euo pipefail

command="${1:-}"

if [ "$command" = "pull" ]; then
  image="${!#}"
  docker image inspect "$image" >/dev/null 2>&1 && exit 0
fi

if [ "$command" = "build" ] && ! docker buildx version >/dev/null 2>&1; then
  kept=()
  skip=0
  for argument in "$@"; do
    if [ "$skip" -eq 1 ]; then
      skip=0
      continue
    fi
    case "$argument" in
      --load | --provenance=* | --platform=*) ;;
      --provenance | --platform) skip=1 ;;
      *) kept+=("$argument") ;;
    esac
  done
  exec env DOCKER_BUILDKIT=0 docker "${kept[@]}"
fi

exec docker "$@"
