"""Times the API of a running `trailkeep serve` for `cargo xtask bench api`; prints one object of JSON.

Requests are signed beforehand and sent over connections that stay open: a signature is good for fifteen minutes, and what is
measured is the server, not a client. A look-up is signed once and sent again and again; events through a channel are others in
each call, for those that are sent again are not stored again.
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import statistics
import sys
import time
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from aws import clean_environment
from serving import ACCOUNT, KEY, REGION, Server, until

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
# One attribute each, with the SQL that finds a value in the middle of the field: neither the rarest nor the most common.
ATTRIBUTES = {
    "EventId": "eventid",
    "EventName": "eventname",
    "Username": "useridentity.username",
    "EventSource": "eventsource",
    "AccessKeyId": "useridentity.accesskeyid",
    "ReadOnly": "readonly",
    "ResourceName": "resources[1].arn",
}
BATCH_EVENTS = 100
# Calls that are signed beforehand: when they are all sent the measurement ends, whatever the seconds.
PUT_CALLS = 6_000
# Calls that are sent a second time.
PUT_AGAIN = 100
INGEST_EVENTS = 2_000
CONNECTIONS = {"lookup": 8, "put": 128, "ingest": 4}


def arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trailkeep", type=Path, required=True, help="the binary to measure")
    parser.add_argument("--corpus", type=Path, required=True, help="the folder of log files to collect first")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--rounds", type=int, default=101, help="calls of each kind for a median")
    parser.add_argument("--seconds", type=float, default=15, help="how long to send calls at full speed")
    parser.add_argument("--delivered", type=int, default=1_000_000, help="events to push in and have delivered")
    parser.add_argument("--history-events", type=int, default=12_000_000, help="events that the server may hold in memory")
    return parser.parse_args()


given = arguments()


class Wire:
    """One connection that stays open."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, url):
        """Connects to a server."""
        host, port = url.removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port), limit=1 << 24))

    async def call(self, request):
        """Sends a request and returns the body of its answer, which must be a success."""
        self.writer.write(request)
        await self.writer.drain()
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        body = await self.reader.readexactly(length)
        if " 200 " not in head.splitlines()[0]:
            raise AssertionError(f"answered {head.splitlines()[0]}: {body[:500]}")
        return body


def signed(server, path, body, service, headers):
    """Returns the bytes of a signed request."""
    made = AWSRequest("POST", server.url + path, data=body, headers=headers)
    SigV4Auth(Credentials(*KEY), service, REGION).add_auth(made)
    lines = [f"POST {path} HTTP/1.1", f"Host: {server.url.removeprefix('http://')}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in made.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def lookup(server, *attribute):
    """Returns a call of LookupEvents for the newest page."""
    asked = {"MaxResults": 50}
    if attribute:
        asked["LookupAttributes"] = [{"AttributeKey": attribute[0], "AttributeValue": attribute[1]}]
    headers = {"X-Amz-Target": TARGET + "LookupEvents", "Content-Type": "application/x-amz-json-1.1"}
    return signed(server, "/", json.dumps(asked).encode(), "cloudtrail", headers)


def cpu_seconds(server):
    """Returns the processor time that the server has used."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(server):
    """Returns the most memory that the server has had, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def timed(server, request, rounds):
    """Sends a call again and again, one at a time; returns the first time, the median and the 95th of a hundred, in ms."""
    wire = await Wire.open(server.url)
    times, found = [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        body = await wire.call(request)
        times.append((time.perf_counter() - start) * 1_000)
        found = len(json.loads(body)["Events"])
    rest = sorted(times[1:] or times)
    return {"first_ms": times[0], "median_ms": statistics.median(rest), "p95_ms": rest[int(len(rest) * 0.95)], "events": found}


def until_quiet(server):
    """Waits until the server has no work of its own: what is asked for first is then in memory."""
    before = cpu_seconds(server)
    while True:
        time.sleep(2)
        now = cpu_seconds(server)
        if now - before < 0.1:
            return
        before = now


async def at_full_speed(server, requests, connections, each):
    """Sends calls over many connections for a while, or until there are no more; returns how many, their `each` summed, wall
    time and processor time."""
    wires = [await Wire.open(server.url) for _ in range(connections)]
    cpu, start = cpu_seconds(server), time.perf_counter()
    end = start + given.seconds

    async def send(wire):
        calls = 0
        while time.perf_counter() < end and (request := next(requests, None)):
            await wire.call(request)
            calls += 1
        return calls

    calls = sum(await asyncio.gather(*map(send, wires)))
    return {"calls": calls, "items": calls * each, "wall": time.perf_counter() - start, "cpu": cpu_seconds(server) - cpu}


def lookups(server):
    """Event history: the newest page, each attribute, and as many calls as go."""
    report = [{"name": "newest page, just started"} | asyncio.run(timed(server, lookup(server), 1))]
    until_quiet(server)
    report.append({"name": "newest page"} | asyncio.run(timed(server, lookup(server), given.rounds)))
    for name, column in ATTRIBUTES.items():
        # Not counting what is found once keeps the question about identifiers to one of them.
        counted = f"select {column} as v, count(*) as n from events where eventcategory = 'Management' and {column} is not null group by 1"
        rows = server.door.query(f"select v from ({counted}) order by n desc, v limit 2")
        if rows:
            value = str(rows[-1]["v"])
            value = value.lower() if name == "ReadOnly" else value
            report.append({"name": name} | asyncio.run(timed(server, lookup(server, name, value), given.rounds)))
            if name != "ReadOnly":
                report.append({"name": f"{name} that no event has"} | asyncio.run(timed(server, lookup(server, name, "nobody"), 11)))
    return report, asyncio.run(at_full_speed(server, itertools.repeat(lookup(server)), CONNECTIONS["lookup"], 50))


def put_audit_events(server):
    """Events through a channel, a hundred a call; a call returns when they are stored."""
    client = server.client()
    selector = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}]
    store = client.create_event_data_store(Name="measured", MultiRegionEnabled=False, AdvancedEventSelectors=selector)
    destination = [{"Type": "EVENT_DATA_STORE", "Location": store["EventDataStoreArn"]}]
    channel = client.create_channel(Name="measured", Source="Custom", Destinations=destination)["ChannelArn"]
    data = {
        "version": "1.0",
        "userIdentity": {"type": "CustomUser", "principalId": "somebody"},
        "eventSource": "doors.example.com",
        "eventName": "OpenDoor",
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "recipientAccountId": ACCOUNT,
        "requestParameters": {"door": "north", "floor": 3},
    }
    numbers = range(BATCH_EVENTS)
    events = [{"id": f"CALL-{number}", "eventData": json.dumps(data | {"UID": f"CALL-{number}"})} for number in numbers]
    body = json.dumps({"auditEvents": events})
    path = f"/PutAuditEvents?channelArn={channel.replace(':', '%3A').replace('/', '%2F')}"
    bodies = (body.replace("CALL-", f"{call}-").encode() for call in range(PUT_CALLS))
    requests = [signed(server, path, each, "cloudtrail-data", {"Content-Type": "application/json"}) for each in bodies]
    report = asyncio.run(at_full_speed(server, iter(requests), CONNECTIONS["put"], BATCH_EVENTS))
    again = asyncio.run(at_full_speed(server, iter(requests[: min(PUT_AGAIN, report["calls"])]), CONNECTIONS["put"], BATCH_EVENTS))
    stored = server.door.query("select count(*) as n from events where eventcategory = 'ActivityAuditLog'")[0]["n"]
    if stored != report["items"]:
        raise AssertionError(f"{report['items']} events were taken, {again['items']} of them twice, and {stored} are stored")
    return report


def delivery(server):
    """Events pushed in while a trail delivers them into a folder: how long each takes."""
    client = server.client()
    arn = client.create_trail(Name="measured", S3BucketName="measured", EnableLogFileValidation=True)["TrailARN"]
    client.start_logging(Name=arn)
    records = corpus_records()
    wires_max = CONNECTIONS["ingest"]
    cpu, start = cpu_seconds(server), time.perf_counter()

    async def push():
        pushed = 0

        async def work():
            nonlocal pushed
            wire = await Wire.open(server.url)
            while pushed < given.delivered:
                batch = [next(records) for _ in range(INGEST_EVENTS)]
                pushed += len(batch)
                request = signed(server, "/ingest", b"\n".join(batch), "trailkeep", {})
                await wire.call(request)

        await asyncio.gather(*(work() for _ in range(wires_max)))
        return pushed

    pushed = asyncio.run(push())
    ingested = time.perf_counter() - start
    client.stop_logging(Name=arn)
    bucket = server.data / "buckets" / "measured"
    until("the last digest", lambda: any(bucket.rglob("*CloudTrail-Digest*.json.gz")), seconds=3_600)
    wall = time.perf_counter() - start
    logs = [path for path in bucket.rglob("*.json.gz") if "CloudTrail-Digest" not in path.parts]
    delivered = sum(gzip.decompress(path.read_bytes()).count(b'"measured":') for path in logs)
    if delivered != pushed:
        raise AssertionError(f"{pushed} events were pushed in, and {delivered} are delivered")
    return {"events": pushed, "ingest": ingested, "delivery": wall, "files": len(logs), "cpu": cpu_seconds(server) - cpu}


def corpus_records():
    """Yields management events of the corpus again and again, each with an id of its own, all of one account."""
    number = 0
    while True:
        for path in sorted(given.corpus.rglob("*.json.gz")):
            for record in json.loads(gzip.decompress(path.read_bytes())).get("Records", []):
                number += 1
                changes = {"eventID": f"measured-{number}", "recipientAccountId": ACCOUNT, "awsRegion": REGION}
                changes |= {"managementEvent": True, "eventCategory": "Management", "measured": number}
                yield json.dumps(record | changes, separators=(",", ":")).encode()


def main():
    """Measures everything."""
    words = ["--calls-per-second", "1000000", "--delivery-interval", "10s", "--history-events", str(given.history_events)]
    server = Server(given.trailkeep, given.work / "data", clean_environment(), words)
    server.door.collect(str(given.corpus), accepted=(0, 1))
    server.door.run("lake", "compact")
    server.add_key(KEY, ACCOUNT, scope="all")
    events = server.door.count()
    server.start()
    try:
        pages, speed = lookups(server)
        peak = peak_mib(server)
        memory = {"held_events_max": given.history_events, "peak_mib": peak}
        report = memory | {"events": events, "lookups": pages, "calls": speed, "put": put_audit_events(server), "delivery": delivery(server)}
    finally:
        server.stop()
    json.dump(report, sys.stdout)


main()
