#!/usr/bin/env bash
# Runs Darkroom with real containers on a plain Debian machine, end to end. Not part of `npm test`: it needs root, the
# packages docker.io and debootstrap, some 3 GB of disk, and a machine on which a container engine may run.
#
#   sudo test/real-containers/run.sh
#
# An engine that answers is used as it is; otherwise one is started for this run alone, behind a socket of its own, and
# ended with it. As every engine it leaves its bridge `docker0` and its rules in iptables behind.
# Images that cannot be pulled are made here: the base of Debian's packages, and a stand-in for the proxy that the local
# runtime puts between a container and the worker. NODE_EXTRA_CA_CERTS, where set, is trusted while images are built.
set -euo pipefail

root="$(cd "$(dirname "$0")/../.." && pwd)"
work="$(mktemp -d /var/tmp/darkroom-containers.XXXXXX)"
base_image="node:22-bookworm-slim"
egress_image="darkroom-egress"
export PATH="$root/node_modules/.bin:$PATH"
engine_pid=""

finish() {
  docker ps --all --quiet --filter name=workerd-darkroom- | xargs --no-run-if-empty docker rm --force >/dev/null || true
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
  export DOCKER_HOST="unix://$work/engine.sock"
  dockerd --bip=172.17.0.1/16 --host "$DOCKER_HOST" --data-root "$work/engine" --exec-root "$work/engine-run" \
    --pidfile "$work/engine.pid" >"$work/engine.log" 2>&1 &
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
  local trusted="/usr/local/share/ca-certificates/extra.crt"
  mkdir -p "$work/base$(dirname "$trusted")"
  cat "${NODE_EXTRA_CA_CERTS:-/dev/null}" >"$work/base$trusted"
  tar -C "$work/base" -c . |
    docker import --change 'CMD ["node"]' --change "ENV NODE_EXTRA_CA_CERTS=$trusted" - "$base_image" >/dev/null
  rm -rf "$work/base"
}

# What stands between a container and the worker's outbound handler: pulled, or made here.
choose_egress() {
  docker pull --quiet cloudflare/proxy-everything:main >/dev/null 2>&1 && return
  docker build --quiet --tag "$egress_image" "$root/test/real-containers/egress" >/dev/null
  export MINIFLARE_CONTAINER_EGRESS_IMAGE="$egress_image"
}

[ "$(id -u)" -eq 0 ] || { echo "run this as root" >&2; exit 1; }
require docker docker.io
require ffmpeg ffmpeg
start_engine
make_base
choose_egress
export WRANGLER_DOCKER_BIN="$root/test/real-containers/legacy-docker.sh"
node "$root/test/real-containers/exercise.ts" "$work/state"
# What `npm run deploy` would send: the bundle, the bindings and the image, with the image built.
cd "$root"
wrangler deploy --dry-run --outdir "$work/bundle"
