"""Prints the versions of the peers, as lines of Markdown."""

import sys
from importlib.metadata import version

from chdb import session

clickhouse = session.Session()
print(f"* DuckDB {version('duckdb')}")
print(f"* ClickHouse {str(clickhouse.query('select version()')).strip().strip(chr(34))} (chdb {version('chdb')})")
print(f"* Python {sys.version.split()[0]}")
