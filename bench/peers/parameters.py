"""Prints, as JSON, what the queries ask for, chosen from what DuckDB has stored: parameters.py FOLDER."""

import json
import sys

import duckdb


def one(sql, what):
    """Returns the first row, or ends with what the corpus lacks."""
    return connection.execute(sql).fetchone() or sys.exit(f"the corpus holds no {what}")


connection = duckdb.connect()
connection.execute(
    f"create view events as select * from read_parquet('{sys.argv[1]}/**/*.parquet',"
    " hive_partitioning = true, hive_types = {account: VARCHAR, day: DATE})"
)
# The temporary key with the busiest day.
key, day = one(
    "select user_access_key_id, day from events where user_access_key_id like 'ASIA%'"
    " group by all order by count(*) desc, user_access_key_id, day limit 1",
    "temporary key",
)
# Any event, but the same one each time.
(event,) = one("select event_id from events order by hash(event_id), event_id limit 1", "event")
# A bucket that is rare, but not unique: the one in the middle.
(bucket,) = one(
    "with counted as (select json_extract_string(request_parameters, '$.bucketName') as bucket, count(*) as n"
    " from events where bucket is not null group by bucket)"
    " select bucket from counted order by n desc, bucket offset (select count(*) // 2 from counted) limit 1",
    "bucket",
)
print(json.dumps({"key": key, "day": str(day), "id": event, "bucket": bucket}))
