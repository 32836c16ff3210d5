# shellcheck shell=sh disable=SC2154
# The build as ./intrahub and ./check share it: one at a time, started from a copy. POSIX sh, to be
# sourced after top=<folder of the clone>, name=<name of the script> and jdk.sh.
#
#   target/.lock     who is building: the pid
#   target/.built    touched by a build that went well, with the time at which it began
#   target/.run      the name of the copy made of that build
#   target/run-X/    a copy of jar and lib/ to run from: Maven rewrites target/ in place, which would
#                    take the classes from under a running mirror; pids/ says who runs from it

target=$top/target

say() { printf '%s: %s\n' "$name" "$*" >&2; }

# jar: prints the jar of the present version; those of other versions may lie beside it.
jar() {
  version=$(sed -n 's|^  <version>\(.*\)</version>.*|\1|p' "$top/pom.xml" | head -n 1)
  printf '%s\n' "$target/intrahub-$version.jar"
}

# fresh: true if nothing was changed since the last good build. Not by the jar's own time: an
# identical jar is not rewritten, so it would look old for ever. A deleted file shows by its folder.
fresh() {
  [ -f "$target/.built" ] && [ -f "$(jar)" ] || return 1
  newer=$(find "$top/pom.xml" "$top/.mvn" "$top/src/main" -newer "$target/.built" -print | head -n 1)
  [ -z "$newer" ]
}

# alive PID: true for a process of another user too.
alive() { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; }

# lock: waits until no other build of this clone is going on. A link is made from a file that names
# its owner already, so a lock without an owner cannot be seen.
lock() {
  if ! { mkdir -p "$target" && printf '%s\n' "$$" >"$target/.lock.$$"; }; then
    say "cannot write into $target"
    exit 73
  fi
  waited=0
  until ln "$target/.lock.$$" "$target/.lock" 2>/dev/null; do
    owner=$(cat "$target/.lock" 2>/dev/null) || owner=
    if [ -n "$owner" ] && ! alive "$owner"; then
      break_lock "$owner"
      continue
    fi
    if [ -n "$owner" ]; then
      [ "$waited" -ne 0 ] || say "waiting for the build of process $owner ($target/.lock) ..."
    elif [ "$waited" -gt 5 ]; then
      say "cannot make the lock $target/.lock: $(ln "$target/.lock.$$" "$target/.lock" 2>&1)"
      exit 73
    fi
    waited=$((waited + 1))
    sleep 1
  done
  rm -f "$target/.lock.$$"
  locked=yes
}

# break_lock PID: takes away the lock of a process that is gone. Two may find it out at the same
# time, and the second must not take the lock that the first has made since: so one at a time, and
# the owner is looked at again. A folder left behind by a kill right here is removed by age.
break_lock() {
  if mkdir "$target/.lock.breaking" 2>/dev/null; then
    [ "$(cat "$target/.lock" 2>/dev/null)" != "$1" ] || rm -f "$target/.lock"
    rmdir "$target/.lock.breaking" 2>/dev/null || true
  else
    find "$target/.lock.breaking" -prune -mmin +1 -exec rmdir {} \; 2>/dev/null || true
    sleep 1
  fi
}

locked=
unlock() {
  rm -f "$target/.lock.$$"
  [ -z "$locked" ] || rm -f "$target/.lock"
  locked=
}

# maven LOG SHOW ARGUMENT...: runs Maven in the clone, its output into LOG and through the filter
# SHOW; returns Maven's own status.
maven() {
  log=$1
  show=$2
  shift 2
  {
    rc=0
    (cd "$top" && ./mvnw -B "$@" </dev/null 2>&1) || rc=$?
    printf '%s\n' "$rc" >"$log.rc"
  } | tee "$log" | "$show"
  rc=$(cat "$log.rc")
  rm -f "$log.rc"
  return "$rc"
}

# errors LOG [LINES]: what Maven says went wrong, without its advice about itself;
# failing that, its last lines.
errors() {
  grep '^\[ERROR\]' "$1" >"$1.errors" || tail -n 20 "$1" >"$1.errors"
  grep -v -e '^\[ERROR\] *$' -e '\[Help 1\]' -e '^\[ERROR\] To see the full' \
    -e '^\[ERROR\] Re-run Maven' -e '^\[ERROR\] For more information' "$1.errors" |
    head -n "${2:-20}" || true
  rm -f "$1.errors"
}

# build_begins and build_done stand around Maven. What was edited while it ran is newer than its beginning, and so is
# built the next time.
build_begins() { : >"$target/.building"; }
build_done() {
  mv -f "$target/.building" "$target/.built"
  copy_to_run
}

# copy_to_run: makes the copy of the present build, unless it is there, and removes the others that
# nobody runs from.
copy_to_run() {
  sum=$( (cat "$(jar)"; ls "$target/lib") | cksum | tr ' ' -)
  if [ ! -d "$target/run-$sum" ]; then
    rm -rf "$target/.copy"
    mkdir -p "$target/.copy/pids"
    cp -p "$(jar)" "$target/.copy/intrahub.jar"
    cp -pR "$target/lib" "$target/.copy/lib"
    mv "$target/.copy" "$target/run-$sum"
  fi
  printf 'run-%s\n' "$sum" >"$target/.run.new"
  mv -f "$target/.run.new" "$target/.run"
  for copy in "$target"/run-*; do
    [ "$copy" = "$target/run-$sum" ] || in_use "$copy" || rm -rf "$copy"
  done
}

# in_use COPY: true if a process that runs from the copy is alive. Forgets those that are not.
in_use() {
  used=1
  for pid in "$1"/pids/*; do
    if alive "${pid##*/}"; then used=0; else rm -f "$pid"; fi
  done
  return "$used"
}
