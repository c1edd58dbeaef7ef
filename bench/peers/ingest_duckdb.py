"""Collects a corpus with DuckDB: ingest_duckdb.py GLOB FOLDER."""

import os
import sys
from pathlib import Path

import duckdb

glob, folder = sys.argv[1:3]
connection = duckdb.connect()
connection.execute(f"set threads = {int(os.environ['BENCH_THREADS'])}; set enable_progress_bar = false")
sql = (Path(__file__).parent / "ingest_duckdb.sql").read_text()
print(connection.execute(sql.replace("GLOB", glob).replace("FOLDER", folder)).fetchone()[0])
