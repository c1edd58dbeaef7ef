"""Asks DuckDB on its own Parquet files: query_duckdb.py FOLDER RUNS SQL."""

import os
import sys

import duckdb

from timings import repeat

folder, runs, sql = sys.argv[1:4]
connection = None


def query(run):
    global connection
    if run == 1:
        connection = duckdb.connect()
        connection.execute(f"set threads = {int(os.environ['BENCH_THREADS'])}; set enable_progress_bar = false")
        connection.execute(
            f"create view events as select * from read_parquet('{folder}/**/*.parquet',"
            " hive_partitioning = true, hive_types = {account: VARCHAR, day: DATE})"
        )
    return len(connection.execute(sql).fetchall())


repeat(int(runs), query)
