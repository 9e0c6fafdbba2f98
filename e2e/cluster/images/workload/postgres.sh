#!/bin/bash
# Initialise an empty data folder, then run the server; the variables are those of the public postgres image.
set -eu
if [ "$1" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres "$PGDATA"
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "error: the database is empty and POSTGRES_PASSWORD is not set" >&2
        exit 1
    fi
    initdb --username="${POSTGRES_USER:-postgres}" --pwfile=<(printf %s "$POSTGRES_PASSWORD") --auth-host=scram-sha-256
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    if [ -n "${POSTGRES_DB:-}" ]; then
        echo "CREATE DATABASE \"$POSTGRES_DB\";" | postgres --single -j postgres > /dev/null
    fi
fi
exec "$@" -c listen_addresses='*'
