#!/usr/bin/env bash
# Sets up the clients that the wire tests run and Debian does not package as needed: psycopg, psycopg2, pgjdbc.
# They go to a cache folder outside the working tree; running this again costs nothing.
# Each is set up even where the other fails; what fails is said in words.
set -uo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/portcullis-clients"
drivers=("psycopg[binary]==3.3.9" "psycopg2-binary==2.9.13")
pgjdbc="42.7.7"
status=0

mkdir -p "$cache"

setup_python() {
  # The pins are written last: a folder without them was left half made.
  [ "$(cat "$cache/python/pins" 2>/dev/null)" = "${drivers[*]}" ] && return 0
  # Debian's own python first: a version manager's may go away with its folder.
  /usr/bin/python3 -m venv --clear "$cache/python" 2>/dev/null || python3 -m venv --clear "$cache/python" || return 1
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${drivers[@]}" || return 1
  printf '%s\n' "${drivers[*]}" >"$cache/python/pins"
}

setup_jdbc() {
  [ -s "$cache/pgjdbc.jar" ] && [ "$(cat "$cache/pgjdbc.pin" 2>/dev/null)" = "$pgjdbc" ] && return 0
  local fetched
  fetched="$(mktemp -d)" || return 1
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="org.postgresql:postgresql:$pgjdbc" -DoutputDirectory="$fetched" &&
    mv "$fetched/postgresql-$pgjdbc.jar" "$cache/pgjdbc.jar" && printf '%s\n' "$pgjdbc" >"$cache/pgjdbc.pin"
  local result=$?
  rm -rf "$fetched"
  return "$result"
}

setup_python || {
  status=1
  echo "psycopg and psycopg2 are not set up: they need python3 with venv, and PyPI (Debian: apt-get install python3-venv)." >&2
}
setup_jdbc || {
  status=1
  echo "pgjdbc is not set up: it needs Maven, a JDK, and Maven Central (Debian: apt-get install maven default-jdk-headless)." >&2
}
exit "$status"
