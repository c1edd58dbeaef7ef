"""Exports into a bucket and onto a topic: our binary sends, boto3 and DuckDB read what moto got."""

import csv
import gzip
import io
import json

import duckdb

from aws import Moto
from harness import Checks, Trailkeep, arguments, log_file

BUCKET = "exported"
ACCOUNT = "111122223333"
REGION = "us-east-1"
FIRST = [f"Describe{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY"]
LATER = ["RunInstances", "StopInstances"]
PART_EVENTS = 10
# What SQS gives at once.
MESSAGES_MAX = 10

given = arguments(__doc__)
checks = Checks()


def collect(trailkeep, time, names):
    """Stores an event for each name."""
    key, body = log_file(ACCOUNT, REGION, time, names)
    path = given.work / "logs" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    trailkeep.collect(str(path))


def objects(moto, prefix):
    """Returns the objects below a prefix: their bytes, unpacked where they are packed, by name."""
    listed = moto.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    found = {}
    for entry in listed:
        body = moto.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        found[entry["Key"]] = gzip.decompress(body) if entry["Key"].endswith(".gz") else body
    return found


def export(trailkeep, *words):
    return json.loads(trailkeep.run("export", "--output", "json", *words))


def bucket_cases(moto, trailkeep):
    moto.s3.create_bucket(Bucket=BUCKET)

    def names_of_lines(prefix, name):
        lines = b"".join(objects(moto, prefix).values()).splitlines()
        return sorted(name(json.loads(line)) for line in lines)

    def lines():
        words = ["--part-events-max", str(PART_EVENTS), "--to", f"s3://{BUCKET}/lines"]
        report = export(trailkeep, "--format", "jsonl", *words)
        checks.equal("all events go into a bucket", report["events"], len(FIRST))
        checks.equal("in objects of so many", len(objects(moto, "lines/")), -(-len(FIRST) // PART_EVENTS))
        checks.equal("each of them once", names_of_lines("lines/", lambda event: event["eventname"]), sorted(FIRST))

    def documents():
        export(trailkeep, "--format", "ecs", "--to", f"s3://{BUCKET}/ecs")
        found = names_of_lines("ecs/", lambda document: document["event"]["action"])
        checks.equal("as ECS documents too", found, sorted(FIRST))

    def table():
        export(trailkeep, "--format", "csv", "--to", f"s3://{BUCKET}/csv")
        texts = [body.decode() for body in objects(moto, "csv/").values()]
        rows = [row["eventname"] for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]
        checks.equal("and as CSV with a header in each object", sorted(rows), sorted(FIRST))

    def columns():
        export(trailkeep, "--format", "parquet", "--to", f"s3://{BUCKET}/columns")
        files = []
        for number, body in enumerate(objects(moto, "columns/").values()):
            files.append(str(given.work / f"{number}.parquet"))
            (given.work / f"{number}.parquet").write_bytes(body)
        rows = duckdb.execute("SELECT eventname FROM read_parquet($1) ORDER BY 1", [files]).fetchall()
        checks.equal("and as Parquet that DuckDB reads", [name for (name,) in rows], sorted(FIRST))

    for case in (lines, documents, table, columns):
        checks.run(case)


def topic_cases(moto, trailkeep):
    sns, sqs = moto.client("sns"), moto.client("sqs")
    topic = sns.create_topic(Name="events")["TopicArn"]
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})

    def received():
        names = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=MESSAGES_MAX).get("Messages", []):
            for message in messages:
                # Events are put together as far as a message holds them, a line each.
                names += [json.loads(line)["eventname"] for line in message["Body"].splitlines()]
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(names)

    def all_events():
        report = export(trailkeep, "--format", "jsonl", "--to", topic)
        checks.equal("all events go onto a topic", report["events"], len(FIRST))
        checks.equal("and reach who subscribed, each once", received(), sorted(FIRST))

    def nothing_twice():
        report = export(trailkeep, "--format", "jsonl", "--to", topic)
        checks.equal("a second run sends nothing", (report["events"], received()), (0, []))

    def no_topic():
        trailkeep.run("export", "--format", "jsonl", "--to", topic + "-gone", "--attempts-max", "1", accepted=(2,))
        checks.equal("a topic that is gone is an error", received(), [])

    for case in (all_events, nothing_twice, no_topic):
        checks.run(case)
    return topic, received


def later_cases(moto, trailkeep, topic, received):
    """What is collected later is all that goes out later."""
    collect(trailkeep, "2026-03-12T12:00:00Z", LATER)

    def more():
        bucket = ["--part-events-max", str(PART_EVENTS), "--to", f"s3://{BUCKET}/lines"]
        for name, words in (("bucket", bucket), ("topic", ["--to", topic])):
            report = export(trailkeep, "--format", "jsonl", *words)
            checks.equal(f"only what is new goes to the {name}", report["events"], len(LATER))
        lines = b"".join(objects(moto, "lines/").values()).splitlines()
        names = sorted(json.loads(line)["eventname"] for line in lines)
        checks.equal("and the bucket has all once", names, sorted(FIRST + LATER))
        checks.equal("and so has the queue", received(), sorted(LATER))

    checks.run(more)


with Moto() as moto:
    trailkeep = Trailkeep(given.trailkeep, given.work / "data", environment=moto.environment())
    collect(trailkeep, "2026-03-11T12:00:00Z", FIRST)
    bucket_cases(moto, trailkeep)
    later_cases(moto, trailkeep, *topic_cases(moto, trailkeep))
checks.close()
