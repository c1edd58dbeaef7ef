"""Asks ClickHouse on its own table: query_clickhouse.py FOLDER RUNS SQL."""

import os
import sys

from chdb import session

from timings import repeat

folder, runs, sql = sys.argv[1:4]
clickhouse = None


def query(run):
    global clickhouse
    if run == 1:
        clickhouse = session.Session(folder)
        clickhouse.query(f"set max_threads = {int(os.environ['BENCH_THREADS'])}")
    # One line a row: text in TabSeparated has its own line ends escaped.
    return clickhouse.query(sql, "TabSeparated").bytes().count(b"\n")


repeat(int(runs), query)
