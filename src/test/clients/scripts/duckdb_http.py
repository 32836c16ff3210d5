"""DuckDB that reads http addresses, with the extension that a package brings and not from its server."""

import os

import duckdb
import duckdb_extension_httpfs


def connect():
    folder = os.path.join(os.path.dirname(duckdb_extension_httpfs.__file__), "extensions")
    extension = os.path.join(folder, "v" + duckdb.__version__, "httpfs.duckdb_extension")
    db = duckdb.connect()
    db.execute(f"LOAD '{extension}'")
    return db
