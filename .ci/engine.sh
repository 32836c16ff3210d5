# shellcheck shell=bash
# An engine for ContainerIT, and images for its Dockerfile to stand on. To be sourced by .ci/run,
# after JAVA_HOME is set. No engine is no failure: not every machine can run one, and the tests are
# then skipped with the reason, which CONTAINER_TESTS_NO_ENGINE hands on. (Names that begin with
# INTRAHUB_ are options, and an unknown one keeps a mirror from starting.)

engine_folder=

# engine_start: uses the engine that is there, or starts one of its own with its own folders.
engine_start() {
  if ! engine_ready; then
    return 0
  fi
  # Local images only: pulling from a registry that is out of reach takes minutes to fail.
  echo "ci: making base images for the Dockerfile"
  local log
  if ! log=$(timeout 180 src/test/docker/base-images 2>&1); then
    engine_none "the base images could not be made: $(tail -n 1 <<<"$log")"
    return 0
  fi
  export CONTAINER_TESTS_BUILD_IMAGE=intrahub-test/build CONTAINER_TESTS_RUN_IMAGE=intrahub-test/run
}

engine_ready() {
  if docker version >/dev/null 2>&1; then
    echo "ci: an engine for containers is running"
  elif [ -n "${DOCKER_HOST-}" ] || pgrep -x dockerd >/dev/null; then
    # A second one would take bridge and rules of the first.
    engine_none "an engine is running or named in DOCKER_HOST, but does not answer"
    return 1
  elif [ "$(id -u)" -ne 0 ]; then
    engine_none "no engine is running, and only root could start one"
    return 1
  elif ! engine_own; then
    return 1
  fi
  docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null ||
    install docker-compose || true
}

engine_own() {
  if ! command -v dockerd >/dev/null && ! without_starting install docker.io iptables; then
    engine_none "docker.io could not be installed"
    return 1
  fi
  engine_folder=$(mktemp -d)
  echo "ci: starting an engine for containers"
  dockerd --data-root "$engine_folder/data" --exec-root "$engine_folder/exec" \
    --pidfile "$engine_folder/pid" -H "unix://$engine_folder/socket" \
    >"$engine_folder/log" 2>&1 </dev/null &
  export DOCKER_HOST=unix://$engine_folder/socket
  for _ in $(seq 60); do
    if docker version >/dev/null 2>&1; then
      # This machine may look like a container, and then Testcontainers wants to pull an image to
      # find out where ports are.
      export TESTCONTAINERS_HOST_OVERRIDE=localhost
      return 0
    fi
    kill -0 $! 2>/dev/null || break
    sleep 0.5
  done
  engine_none "dockerd did not start: $(grep -v level=info "$engine_folder/log" | tail -n 1 | cut -c 1-300)"
  engine_stop
  unset DOCKER_HOST
  return 1
}

engine_none() {
  echo "ci: no containers: $1"
  export CONTAINER_TESTS_NO_ENGINE="$1"
}

# engine_stop: ends our own engine and removes what it made.
engine_stop() {
  [ -n "$engine_folder" ] || return 0
  local pid
  pid=$(cat "$engine_folder/pid" 2>/dev/null) || pid=
  if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
    for _ in $(seq 40); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.5
    done
  fi
  rm -rf "$engine_folder" 2>/dev/null || true
  engine_folder=
}
