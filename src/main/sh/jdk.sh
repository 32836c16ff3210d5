# shellcheck shell=sh
# Finds a JDK for ./intrahub, ./check and .ci/run. POSIX sh, to be sourced; it changes no folder and
# writes nothing but the one message.

JDK_NEEDED=25

# jdk_version HOME: prints the feature version of the Java in that folder, or nothing. The release
# file is read rather than the program run: a start of Java costs more than all the rest here.
jdk_version() {
  [ -r "$1/release" ] || return 0
  jdk_v=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" | head -n 1)
  # Before Java 9 the version was written 1.8.
  case $jdk_v in 1) jdk_v=8 ;; esac
  printf '%s\n' "$jdk_v"
}

# jdk_fits HOME: true if that folder holds a whole JDK (a compiler too) that is new enough.
jdk_fits() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
  jdk_v=$(jdk_version "$1")
  [ -n "$jdk_v" ] && [ "$jdk_v" -ge "$JDK_NEEDED" ]
}

# jdk_home_of PROGRAM: prints the folder of the JDK that this bin/java belongs to, links followed.
jdk_home_of() {
  jdk_p=$1
  jdk_n=0
  while [ -L "$jdk_p" ] && [ "$jdk_n" -lt 40 ]; do
    jdk_n=$((jdk_n + 1))
    jdk_l=$(readlink "$jdk_p")
    case $jdk_l in
      /*) jdk_p=$jdk_l ;;
      *) jdk_p=$(dirname "$jdk_p")/$jdk_l ;;
    esac
  done
  jdk_p=$(dirname "$jdk_p")
  dirname "$jdk_p"
}

# jdk_folders: prints, one a line, the folders in which JDKs are usually installed. macOS has a
# program for the question.
jdk_folders() {
  [ ! -x /usr/libexec/java_home ] || /usr/libexec/java_home -v "$JDK_NEEDED+" 2>/dev/null || true
  for jdk_d in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /home/linuxbrew/.linuxbrew/opt/openjdk*/libexec; do
    printf '%s\n' "$jdk_d"
  done
  [ -n "${HOME:-}" ] || return 0
  for jdk_d in "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* \
    "$HOME"/.local/share/mise/installs/java/* "$HOME"/.asdf/installs/java/* \
    "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    printf '%s\n' "$jdk_d"
  done
}

# jdk_lowest: of the folders on standard input prints the fitting one with the lowest version: the
# nearest to what intrahub is built and tested with.
jdk_lowest() {
  jdk_best=
  jdk_best_v=
  while IFS= read -r jdk_d; do
    jdk_fits "$jdk_d" || continue
    jdk_v=$(jdk_version "$jdk_d")
    if [ -z "$jdk_best" ] || [ "$jdk_v" -lt "$jdk_best_v" ]; then
      jdk_best=$jdk_d
      jdk_best_v=$jdk_v
    fi
  done
  printf '%s\n' "$jdk_best"
}

# jdk_told HOME: says in a few words what was found instead of a fitting JDK.
jdk_told() {
  jdk_v=$(jdk_version "$1")
  if [ -z "$jdk_v" ]; then
    printf 'not a JDK'
  elif [ "$jdk_v" -lt "$JDK_NEEDED" ]; then
    printf 'Java %s' "$jdk_v"
  else
    printf 'Java %s without javac' "$jdk_v"
  fi
}

# jdk_take HOME: makes it the JDK of this script and of what it starts, if it fits. Made absolute,
# since Maven is started in another folder.
jdk_take() {
  jdk_fits "$1" || return 1
  JAVA_HOME=$(CDPATH='' cd -- "$1" && pwd)
  export JAVA_HOME
}

# find_jdk NAME: sets and exports JAVA_HOME; or says for the program NAME what to install and where
# was looked, in one line on standard error, and returns 78 (EX_CONFIG of sysexits.h).
find_jdk() {
  jdk_seen="JAVA_HOME (not set)"
  if [ -n "${JAVA_HOME:-}" ]; then
    ! jdk_take "$JAVA_HOME" || return 0
    jdk_seen="JAVA_HOME ($JAVA_HOME: $(jdk_told "$JAVA_HOME"))"
  fi

  if jdk_java=$(command -v java); then
    jdk_h=$(jdk_home_of "$jdk_java")
    ! jdk_take "$jdk_h" || return 0
    jdk_seen="$jdk_seen, java on PATH ($jdk_java: $(jdk_told "$jdk_h"))"
  else
    jdk_seen="$jdk_seen, PATH (no java)"
  fi

  jdk_h=$(jdk_folders | jdk_lowest)
  ! jdk_take "$jdk_h" || return 0

  printf '%s: needs a JDK %s or newer and found none. Install one (Temurin, or the package openjdk-%s-jdk where your system has it) or set JAVA_HOME to it. Looked at: %s, and in the usual folders (/usr/lib/jvm, /usr/java, /opt, ~/.sdkman, ~/.jdks, mise, asdf, Homebrew, /Library/Java).\n' \
    "$1" "$JDK_NEEDED" "$JDK_NEEDED" "$jdk_seen" >&2
  return 78
}
