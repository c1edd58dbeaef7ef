"""The lake as others read it: the `deltalake` package through the log, DuckDB through the list of live files."""

import subprocess

import duckdb
from deltalake import DeltaTable

from harness import Checks, Trailkeep, arguments

CORPUS_BYTES = 2_000_000

# What a reader may count on; the other columns are text, JSON or AWS's Booleans.
TYPES = {
    "eventtime": "timestamp",
    "eventdate": "date",
    "eventid": "string",
    "eventname": "string",
    "recipientaccountid": "string",
    "useridentity_arn": "string",
    "requestparameters": "string",
    "readonly": "boolean",
    "seq": "long",
    "log_file": "string",
    "collected_at": "timestamp",
    "conflict": "boolean",
}

given = arguments(__doc__)
checks = Checks()
logs, data = given.work / "logs", given.work / "data"
trailkeep = Trailkeep(given.trailkeep, data)


def counts_agree():
    logs.mkdir(parents=True)
    subprocess.run([given.corpus, "--bytes", str(CORPUS_BYTES), "--seed", "7", logs], check=True, stdout=subprocess.DEVNULL)
    # 1 is "finished with rejects, skips or conflicts"; a corpus may hold some on purpose.
    report = trailkeep.collect(str(logs), accepted=(0, 1))
    checks.equal("the corpus holds events", report["stored"] > 100, True)
    checks.equal("stored = our own count", trailkeep.count(), report["stored"])

    table = DeltaTable(str(data / "lake" / "events"))
    checks.equal("stored = deltalake's count", table.to_pyarrow_dataset().count_rows(), report["stored"])

    files = trailkeep.run("lake", "files", "--output", "raw").splitlines()
    checks.equal("live files = deltalake's files", sorted(map(local, files)), sorted(map(local, table.file_uris())))
    duck = duckdb.connect()
    rows, ids = duck.execute("select count(*), count(distinct eventid) from read_parquet($1)", [list(map(local, files))]).fetchone()
    checks.equal("stored = DuckDB's count over the live files", rows, report["stored"])
    ours = trailkeep.query("select count(distinct eventid) as n from events")[0]["n"]
    checks.equal("DuckDB's distinct event IDs = ours", ids, ours)


def types_are_plain():
    schema = DeltaTable(str(data / "lake" / "events")).schema()
    types = {field.name: field.type.type for field in schema.fields if hasattr(field.type, "type")}
    checks.equal("column types", {name: types.get(name) for name in TYPES}, TYPES)
    nested = [field.name for field in schema.fields if field.name not in types]
    checks.equal("no nested columns", nested, [])


def values_agree():
    files = [local(file) for file in trailkeep.run("lake", "files", "--output", "raw").splitlines()]
    sql = "select eventname, count(*) as n, count(errorcode) as errors from {} group by eventname order by n desc, eventname"
    theirs = duckdb.connect().execute(sql.format("read_parquet($1)"), [files]).fetchall()
    ours = [tuple(row.values()) for row in trailkeep.query(sql.format("events"))]
    checks.equal("DuckDB and ours agree on counts by name", ours, theirs)


def local(uri):
    return uri.removeprefix("file://")


for case in (counts_agree, types_are_plain, values_agree):
    checks.run(case)
checks.close()
