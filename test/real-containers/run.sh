#!/usr/bin/env bash
# Runs Darkroom with real containers on a plain Debian machine, end to end. Not part of `npm test`: it needs root, the
# packages docker.io and debootstrap, some 3 GB of disk, and a machine on which a container engine may run.
#
#   sudo test/real-containers/run.sh
#
# An engine that answers is used as it is; otherwise one is started for this run alone, and ended with it.
# EGRESS_IMAGE: a local image in place of cloudflare/proxy-everything, where that cannot be pulled. It stands between a
#   container and the worker's outbound handler: CONNECT with X-Dst-Addr, PUT /egress and GET /ca on port 39001.
set -euo pipefail

root="$(cd "$(dirname "$0")/../.." && pwd)"
work="$(mktemp -d /var/tmp/darkroom-containers.XXXXXX)"
base_image="node:22-bookworm-slim"
export PATH="$root/node_modules/.bin:$PATH"
engine_pid=""

finish() {
  if [ -n "$engine_pid" ]; then
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

require() {
  command -v "$1" >/dev/null && return
  echo "$1 is needed: apt-get install $2" >&2
  exit 1
}

start_engine() {
  if docker info >/dev/null 2>&1; then
    echo "using the engine that answers"
    return
  fi
  require dockerd docker.io
  # The address that wrangler reaches containers at must be the bridge's own.
  dockerd --bip=172.17.0.1/16 --data-root "$work/engine" --pidfile "$work/engine.pid" >"$work/engine.log" 2>&1 &
  engine_pid=$!
  for _ in $(seq 60); do
    docker info >/dev/null 2>&1 && return
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 1
  done
  tail -20 "$work/engine.log" >&2
  exit 1
}

# What the Dockerfile begins with: pulled, or Debian from its packages with this repository's own Node.
make_base() {
  docker image inspect "$base_image" >/dev/null 2>&1 && return
  docker pull --quiet "$base_image" 2>/dev/null && return
  require debootstrap debootstrap
  echo "making $base_image from packages"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" >"$work/debootstrap.log"
  local node
  node="$(node -p process.execPath)"
  install -m 755 "$node" "$work/base/usr/local/bin/node"
  mkdir -p "$work/base/usr/local/lib"
  npm pack npm@10 --silent --pack-destination "$work" >/dev/null
  tar -xzf "$work"/npm-10*.tgz -C "$work"
  mv "$work/package" "$work/base/usr/local/lib/npm"
  ln -s ../lib/npm/bin/npm-cli.js "$work/base/usr/local/bin/npm"
  chmod +x "$work/base/usr/local/lib/npm/bin/npm-cli.js"
  chroot "$work/base" useradd --create-home --uid 1000 node
  tar -C "$work/base" -c . | docker import --change 'CMD ["node"]' - "$base_image" >/dev/null
  rm -rf "$work/base"
}

choose_egress() {
  local wanted="${EGRESS_IMAGE:-}"
  if [ -z "$wanted" ]; then
    docker pull --quiet cloudflare/proxy-everything:main >/dev/null 2>&1 && return
    echo "cloudflare/proxy-everything cannot be pulled; name a local image in EGRESS_IMAGE" >&2
    exit 1
  fi
  docker image inspect "$wanted" >/dev/null
  export MINIFLARE_CONTAINER_EGRESS_IMAGE="$wanted"
}

[ "$(id -u)" -eq 0 ] || { echo "run this as root" >&2; exit 1; }
require docker docker.io
require ffmpeg ffmpeg
start_engine
make_base
choose_egress
export WRANGLER_DOCKER_BIN="$root/test/real-containers/legacy-docker.sh"
node "$root/test/real-containers/exercise.ts" "$work/state"
