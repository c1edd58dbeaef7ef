"""S3 as a source and as the lake's home: boto3 writes, moto is the store, our binary reads and writes."""

import json

from deltalake import DeltaTable

from aws import Moto
from harness import Checks, Trailkeep, arguments, event, log_file

BUCKET = "trail-logs"
LAKE_BUCKET = "trail-lake"
PREFIX = "org"

# Ten days apart, at noon: far from the borders of any window below, however late a log file may be delivered.
TIMES = ["2026-03-01T12:00:00Z", "2026-03-11T12:00:00Z", "2026-03-21T12:00:00Z"]
ACCOUNTS = ["111122223333", "444455556666"]
REGIONS = ["us-east-1", "eu-central-1"]
NAMES = ["DescribeInstances", "DescribeVpcs"]

given = arguments(__doc__)
checks = Checks()


def put_log_files(moto):
    """Puts one log file for each account, region and time below the prefix, and one beside it."""
    moto.s3.create_bucket(Bucket=BUCKET)
    for account in ACCOUNTS:
        for region in REGIONS:
            for moment in TIMES:
                key, body = log_file(account, region, moment, NAMES)
                moto.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}", Body=body)
    key, body = log_file(ACCOUNTS[0], REGIONS[0], TIMES[0], ["DescribeImages"])
    moto.s3.put_object(Bucket=BUCKET, Key=f"elsewhere/{key}", Body=body)


def collect_cases(moto):
    uri = f"s3://{BUCKET}/{PREFIX}"
    every = len(ACCOUNTS) * len(REGIONS) * len(TIMES) * len(NAMES)
    trailkeep = Trailkeep(given.trailkeep, given.work / "whole", environment=moto.environment())

    def whole_prefix():
        report = trailkeep.collect(uri)
        checks.equal("a prefix is collected whole", report["stored"], every)
        checks.equal("and nothing beside it", trailkeep.count(), every)

    def again():
        report = trailkeep.collect(uri)
        checks.equal("a second run stores nothing", report["stored"], 0)
        checks.equal("and reads nothing again", report["duplicates"], 0)

    def overwritten():
        key, _ = log_file(ACCOUNTS[0], REGIONS[0], TIMES[0], NAMES)
        _, body = log_file(ACCOUNTS[0], REGIONS[0], TIMES[0], [NAMES[0], "RunInstances"])
        moto.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}", Body=body)
        report = trailkeep.collect(uri)
        checks.equal("an overwritten object is read again", report["stored"], 1)
        checks.equal("what it had before is a duplicate", report["duplicates"], 1)

    def origin_is_named():
        rows = trailkeep.query("select distinct log_file from events where eventname = 'RunInstances'")
        key, _ = log_file(ACCOUNTS[0], REGIONS[0], TIMES[0], NAMES)
        checks.equal("an event names its object", [row["log_file"] for row in rows], [f"{uri}/{key}"])

    for case in (whole_prefix, again, overwritten, origin_is_named):
        checks.run(case)


def pruning_cases(moto):
    """Each option leaves out the log files whose keys say that they cannot matter."""
    uri = f"s3://{BUCKET}/{PREFIX}"
    a_file = len(NAMES)
    # The overwritten object gave nothing more: it still holds two events.
    options = {
        "account": (["--account", ACCOUNTS[1]], len(REGIONS) * len(TIMES) * a_file),
        "region": (["--region", REGIONS[1]], len(ACCOUNTS) * len(TIMES) * a_file),
        "since": (["--since", "2026-03-06"], len(ACCOUNTS) * len(REGIONS) * 2 * a_file),
        "until": (["--until", "2026-03-06"], len(ACCOUNTS) * len(REGIONS) * a_file),
        "all of them": (
            ["--account", ACCOUNTS[0], "--region", REGIONS[1], "--since", "2026-03-06", "--until", "2026-03-16"],
            a_file,
        ),
    }
    for name, (words, expected) in options.items():

        def pruned():
            # Called before the loop goes on, so the names still mean this turn's values.
            data = given.work / f"pruned-{name.replace(' ', '-')}"
            trailkeep = Trailkeep(given.trailkeep, data, environment=moto.environment())
            checks.equal(f"pruned by {name}", trailkeep.collect(uri, *words)["stored"], expected)

        checks.run(pruned)


def lake_cases(moto):
    """The lake itself in a bucket, read back by us and by the `deltalake` package."""
    moto.s3.create_bucket(Bucket=LAKE_BUCKET)
    lake = f"s3://{LAKE_BUCKET}/lake"
    logs = given.work / "logs"
    logs.mkdir()
    for moment in TIMES:
        key, body = log_file(ACCOUNTS[0], REGIONS[0], moment, NAMES)
        path = logs / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    trailkeep = Trailkeep(given.trailkeep, given.work / "remote", lake=lake, environment=moto.environment())
    expected = len(TIMES) * len(NAMES)

    def written():
        checks.equal("a lake on S3 stores", trailkeep.collect(str(logs))["stored"], expected)
        checks.equal("and is queried", trailkeep.count(), expected)

    def read_by_others():
        options = {
            "AWS_ENDPOINT_URL": moto.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
        }
        table = DeltaTable(f"{lake}/events", storage_options=options)
        checks.equal("deltalake reads it", table.to_pyarrow_dataset().count_rows(), expected)

    def lossless():
        records = trailkeep.run("query", "--output", "raw", "select record from events where eventname = 'DescribeVpcs' order by eventtime")
        whole = [event(ACCOUNTS[0], REGIONS[0], moment, "DescribeVpcs") for moment in TIMES]
        checks.equal("records come back from S3", list(map(json.loads, records.splitlines())), whole)

    for case in (written, read_by_others, lossless):
        checks.run(case)


with Moto() as moto:
    put_log_files(moto)
    collect_cases(moto)
    pruning_cases(moto)
    lake_cases(moto)
checks.close()
