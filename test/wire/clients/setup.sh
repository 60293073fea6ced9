#!/usr/bin/env bash
# Sets up the clients that the tests run and Debian does not package as needed: psycopg, psycopg2, asyncpg, SQLAlchemy,
# Django, pgjdbc, Prisma's schema engine, TypeORM, Sequelize, Knex.
# They go to a cache folder outside the working tree; running this again costs nothing.
# Each is set up even where the other fails; what fails is said in words.
set -uo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/portcullis-clients"
drivers=("psycopg[binary]==3.3.9" "psycopg2-binary==2.9.13" "SQLAlchemy==2.1.9" "Django==5.2.19" "asgiref==3.13.0" "sqlparse==0.6.1"
  "typing_extensions==4.16.0" "asyncpg==0.32.0" "async-timeout==5.0.1")
pgjdbc="42.7.7"
here="$(cd "$(dirname "$0")" && pwd)"
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

# Their versions and hashes are in the lock file.
setup_node() {
  cmp -s "$here/node/package-lock.json" "$cache/node/installed-lock.json" && return 0
  rm -rf "$cache/node" && mkdir -p "$cache/node" && cp "$here/node/package.json" "$here/node/package-lock.json" "$cache/node/" || return 1
  (cd "$cache/node" && npm ci --silent --ignore-scripts --no-fund --no-audit) || return 1
  cp "$here/node/package-lock.json" "$cache/node/installed-lock.json"
}

setup_python || {
  status=1
  echo "psycopg, psycopg2, asyncpg, SQLAlchemy and Django are not set up: they need python3 with venv, and PyPI (Debian: apt-get install python3-venv)." >&2
}
setup_jdbc || {
  status=1
  echo "pgjdbc is not set up: it needs Maven, a JDK, and Maven Central (Debian: apt-get install maven default-jdk-headless)." >&2
}
setup_node || {
  status=1
  echo "Prisma's schema engine, TypeORM, Sequelize and Knex are not set up: they need npm and its registry." >&2
}
exit "$status"
