"""Collects a corpus with ClickHouse: ingest_clickhouse.py GLOB FOLDER.

Records are read as raw text and taken apart by JSONExtract. Typed tuples are the other way to do it.
"""

import os
import sys

from chdb import session

# Column, its path in the record, and its type when it is not plain text. What repeats much is LowCardinality.
COLUMNS = [
    ("event_version", "eventVersion", ""),
    ("event_time", "eventTime", "time"),
    ("event_id", "eventID", ""),
    ("event_source", "eventSource", "low"),
    ("event_name", "eventName", "low"),
    ("aws_region", "awsRegion", "low"),
    ("source_ip_address", "sourceIPAddress", ""),
    ("user_agent", "userAgent", ""),
    ("error_code", "errorCode", "low"),
    ("error_message", "errorMessage", ""),
    ("request_id", "requestID", ""),
    ("account", "recipientAccountId", "low"),
    ("read_only", "readOnly", "bool"),
    ("user_type", "userIdentity.type", "low"),
    ("user_arn", "userIdentity.arn", ""),
    ("user_principal_id", "userIdentity.principalId", ""),
    ("user_access_key_id", "userIdentity.accessKeyId", ""),
    ("user_invoked_by", "userIdentity.invokedBy", ""),
    ("session_issuer_arn", "userIdentity.sessionContext.sessionIssuer.arn", ""),
    ("request_parameters", "requestParameters", "json"),
    ("response_elements", "responseElements", "json"),
    ("additional_event_data", "additionalEventData", "json"),
    ("resources", "resources", "json"),
    ("tls_details", "tlsDetails", "json"),
]

EXTRACTS = {
    "": "JSONExtractString(r, {path})",
    "low": "JSONExtractString(r, {path})::LowCardinality(String)",
    "time": "parseDateTimeBestEffort(JSONExtractString(r, {path}))",
    "bool": "JSONExtractBool(r, {path})",
    "json": "JSONExtractRaw(r, {path})",
}


def expression(path, kind):
    """Returns the SQL that takes a member out of the record `r`."""
    return EXTRACTS[kind].format(path=", ".join(f"'{name}'" for name in path.split(".")))


glob, folder = sys.argv[1:3]
clickhouse = session.Session(folder)
clickhouse.query(f"set max_threads = {int(os.environ['BENCH_THREADS'])}")
clickhouse.query("create database lake engine = Atomic")
columns = ", ".join(f"{expression(path, kind)} as {name}" for name, path, kind in COLUMNS)
clickhouse.query(
    "create table lake.events engine = MergeTree partition by toYYYYMM(event_time) order by (account, event_time)"
    f" as select {columns} from (select arrayJoin(Records) as r from file('{glob}', 'JSONEachRow', 'Records Array(String)'))"
    " settings input_format_json_read_objects_as_strings = 1"
)
print(str(clickhouse.query("select count() from lake.events")).strip())
