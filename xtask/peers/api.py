"""boto3 through the life of event data stores: channels, queries and their signed results, imports, dashboards, Insights."""

import base64
import csv
import datetime
import gzip
import hashlib
import http.server
import io
import json
import subprocess
import threading
import urllib.request

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from aws import Moto
from harness import Checks, Trailkeep, arguments
from serving import ACCOUNT, KEY, REGION, Server, code_of, run_query, until

BUCKET = "results-and-logs"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/import"
CORPUS_BYTES = "2MB"
# Long enough ago that no call of today is among the events, and well within what a store keeps.
NOW = datetime.datetime.now(datetime.timezone.utc)
START = NOW - datetime.timedelta(days=20)
BEFORE = f"eventtime < timestamp '{NOW - datetime.timedelta(days=5):%Y-%m-%d 00:00:00}'"
# An account of the corpus, and a key of it.
MEMBER = "444455556666"
MEMBER_KEY = ("AKIAMEMBEREXAMPLE", "member-secret")
# What a query of an event data store and the same query of the lake must agree on; `{}` is the table with its condition.
QUERIES = {
    "counts": "select eventname, count(*) as n from {} group by eventname order by n desc, eventname limit 20",
    "times and booleans": "select eventid, eventtime, readonly, errorcode from {} order by eventtime, eventid limit 50",
    "inside of structures": "select eventid, useridentity.arn as arn, useridentity.sessioncontext.sessionissuer.username as role "
    "from {} order by eventid limit 50",
    "maps": "select eventid, element_at(requestparameters, 'bucketName') as bucket from {} "
    "and element_at(requestparameters, 'bucketName') is not null order by eventid limit 20",
    "dates": "select date_trunc('day', eventtime) as day, count(distinct eventsource) as sources from {} group by 1 order by 1",
    "nothing": "select eventid from {} and eventname = 'NobodyCallsThis'",
}

given = arguments(__doc__)
checks = Checks()


def generated(folder):
    """Generates the corpus; returns its log files as AWS would have delivered them."""
    flags = ["--bytes", CORPUS_BYTES, "--seed", "3", "--start", f"{START:%Y-%m-%d}", "--days", "10"]
    subprocess.run([given.corpus, folder, *flags], check=True, stdout=subprocess.DEVNULL)
    return sorted(path for path in folder.rglob("*.json.gz"))


def store_cases(client):
    """Defaults, protection, deletion and restoration of an event data store."""

    def defaults():
        made = client.create_event_data_store(Name="defaults")
        found = {name: made[name] for name in ("RetentionPeriod", "BillingMode", "TerminationProtectionEnabled", "MultiRegionEnabled")}
        expected = {
            "RetentionPeriod": 366,
            "BillingMode": "EXTENDABLE_RETENTION_PRICING",
            "TerminationProtectionEnabled": True,
            "MultiRegionEnabled": True,
        }
        checks.equal("a store has AWS's defaults", found, expected)
        fields = made["AdvancedEventSelectors"][0]["FieldSelectors"]
        checks.equal("and its selector", fields, [{"Field": "eventCategory", "Equals": ["Management"]}])
        arn = made["EventDataStoreArn"]
        until("the store is enabled", lambda: client.get_event_data_store(EventDataStore=arn)["Status"] == "ENABLED")
        checks.equal("its name is taken", code_of(client.create_event_data_store, Name="defaults"), "EventDataStoreAlreadyExistsException")
        refused = code_of(client.delete_event_data_store, EventDataStore=arn)
        checks.equal("a protected store stays", refused, "EventDataStoreTerminationProtectedException")
        client.update_event_data_store(EventDataStore=arn, TerminationProtectionEnabled=False)
        client.delete_event_data_store(EventDataStore=arn)
        checks.equal("a deleted store is pending", client.get_event_data_store(EventDataStore=arn)["Status"], "PENDING_DELETION")
        statement = f"select eventid from {arn.rpartition('/')[2]}"
        checks.equal("and not queried", code_of(client.start_query, QueryStatement=statement), "InactiveEventDataStoreException")
        client.restore_event_data_store(EventDataStore=arn)
        until("the store is back", lambda: client.get_event_data_store(EventDataStore=arn)["Status"] == "ENABLED")
        checks.equal("a restored store is queried", run_query(client, statement + " where eventname = 'No'")[1], [])

    checks.run(defaults)


def query_cases(client, lake, moto):
    """The rows of queries are those of `trailkeep query`, and their files verify."""
    store = client.create_event_data_store(Name="management", TerminationProtectionEnabled=False)
    identity = store["EventDataStoreArn"].rpartition("/")[2]
    # What the store shows, in words of the lake.
    shown = f"events where eventcategory = 'Management' and recipientaccountid = '{MEMBER}' and {BEFORE}"

    def rows_equal():
        for name, statement in QUERIES.items():
            ours = lake.run("query", "--output", "csv", statement.format(shown))
            expected = list(csv.DictReader(io.StringIO(ours)))
            rows = run_query(client, statement.format(f"{identity} where {BEFORE}"))[1]
            found = [{column: value or "" for column, value in row.items()} for row in rows]
            checks.equal(f"rows of {name}", found, expected)
            checks.equal(f"{name}: there are some", bool(found), name != "nothing")

    def delivered():
        statement = f"select eventid, eventname from {identity} where {BEFORE} order by eventid limit 40"
        query, rows = run_query(client, statement, DeliveryS3Uri=f"s3://{BUCKET}/answers/")
        until("delivery", lambda: client.describe_query(QueryId=query).get("DeliveryStatus") not in (None, "PENDING"))
        checks.equal("results are delivered", client.describe_query(QueryId=query)["DeliveryStatus"], "SUCCESS")
        day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y/%m/%d")
        keys = moto.keys(BUCKET, f"answers/AWSLogs/{MEMBER}/CloudTrail-Lake/Query/")
        names = [key.rpartition("/")[2] for key in keys]
        checks.equal("as files", names, ["result_1.csv.gz", "result_sign.json"])
        checks.equal("in the folder of the query", keys[0].split("/Query/")[1], f"{day}/{query}/result_1.csv.gz")
        packed, sign = moto.read(BUCKET, keys[0]), json.loads(moto.read(BUCKET, keys[1]))
        checks.equal("with the rows", list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))), rows)
        checks.equal("signed", signature_fault(client, sign, {"result_1.csv.gz": packed}), None)
        changed = {"result_1.csv.gz": packed + b"\0"}
        checks.equal("and a change shows", signature_fault(client, sign, changed), "result_1.csv.gz has changed")

    def refused_bucket():
        statement = f"select eventid from {identity}"
        refused = code_of(client.start_query, QueryStatement=statement, DeliveryS3Uri="s3://nobody-made-this/x")
        checks.equal("a bucket that is not there", refused, "S3BucketDoesNotExistException")

    for case in (rows_equal, delivered, refused_bucket):
        checks.run(case)


def signature_fault(client, sign, files):
    """Returns what is wrong with a sign file, by the steps of AWS's user guide for validators of one's own."""
    for listed in sign["files"]:
        if hashlib.sha256(files[listed["fileName"]]).hexdigest() != listed["fileHashValue"]:
            return f"{listed['fileName']} has changed"
    if {listed["fileName"] for listed in sign["files"]} != files.keys():
        return "files are missing"
    if (sign["hashAlgorithm"], sign["signatureAlgorithm"]) != ("SHA-256", "SHA256withRSA"):
        return "unknown algorithms"
    done = datetime.datetime.fromisoformat(sign["queryCompleteTime"].replace("Z", "+00:00"))
    hour = datetime.timedelta(hours=1)
    listed = client.list_public_keys(StartTime=done - hour, EndTime=done + hour)["PublicKeyList"]
    keys = [key["Value"] for key in listed if key["Fingerprint"] == sign["publicKeyFingerprint"]]
    if len(keys) != 1:
        return f"{len(keys)} public keys of the fingerprint"
    signed = " ".join(listed["fileHashValue"] for listed in sign["files"]).encode()
    load_der_public_key(keys[0]).verify(bytes.fromhex(sign["hashSignature"]), signed, PKCS1v15(), SHA256())
    return None


def activity(at, **changes):
    """Returns the event of a program that is not AWS's, as a sender gives it to a channel."""
    data = {
        "version": "1.0",
        "userIdentity": {"type": "CustomUser", "principalId": f"user-{at}", "details": {"shift": "night"}},
        "eventSource": "doors.example.com",
        "eventName": "OpenDoor",
        "eventTime": f"{START:%Y-%m-%d}T10:00:{at:02}Z",
        "UID": f"uid-{at}",
        "sourceIPAddress": "192.0.2.7",
        "recipientAccountId": ACCOUNT,
        "requestParameters": {"door": str(at)},
    }
    data |= changes
    return json.dumps({name: value for name, value in data.items() if value is not None})


def channel_cases(client, server, lake):
    """Events of one's own through a channel into a store, and out again by a query."""
    selector = {"Name": "activity", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}
    members = {"MultiRegionEnabled": False, "TerminationProtectionEnabled": False, "AdvancedEventSelectors": [selector]}
    store = client.create_event_data_store(Name="activity", **members)["EventDataStoreArn"]
    destination = [{"Type": "EVENT_DATA_STORE", "Location": store}]
    channel = client.create_channel(Name="doors", Source="Custom", Destinations=destination)["ChannelArn"]
    sender = server.client("cloudtrail-data")

    def sent():
        good = [{"id": f"good-{at}", "eventData": activity(at)} for at in range(8)]
        for entry in good[:4]:
            entry["eventDataChecksum"] = base64.b64encode(hashlib.sha256(entry["eventData"].encode()).digest()).decode()
        bad = {
            "InvalidChecksum": {"id": "sum", "eventData": activity(20), "eventDataChecksum": good[0]["eventDataChecksum"]},
            "InvalidData": {"id": "text", "eventData": "{"},
            "FieldNotFound": {"id": "nameless", "eventData": activity(21, eventName=None)},
            "FieldTooLong": {"id": "long", "eventData": activity(22, eventName="x" * 1_025)},
            "InvalidRecipient": {"id": "other", "eventData": activity(23, recipientAccountId="999999999999")},
        }
        answer = sender.put_audit_events(channelArn=channel, auditEvents=good + list(bad.values()))
        checks.equal("good events are taken", [done["id"] for done in answer["successful"]], [entry["id"] for entry in good])
        failed = {done["id"]: done["errorCode"] for done in answer["failed"]}
        checks.equal("bad ones are told", failed, {entry["id"]: code for code, entry in bad.items()})
        rows = run_query(client, f"select eventid from {store.rpartition('/')[2]}")[1]
        ids = sorted(done["eventID"] for done in answer["successful"])
        checks.equal("what was taken is in the store at once", sorted(row["eventid"] for row in rows), ids)
        ours = lake.query(f"select eventid from events where element_at(metadata, 'channelARN') = '{channel}'")
        checks.equal("and in the lake", sorted(row["eventid"] for row in ours), ids)
        status = client.get_channel(Channel=channel)["IngestionStatus"]
        checks.equal("the channel tells of the last", status["LatestIngestionSuccessEventID"], good[-1]["id"])

    def again():
        entries = [{"id": f"again-{at}", "eventData": activity(at, eventName="OpenAgain")} for at in range(3)]
        first = sender.put_audit_events(channelArn=channel, auditEvents=entries)["successful"]
        with Forgetful(server.url) as forgetful:
            retrying = server.client("cloudtrail-data", url=forgetful.url, attempts=3)
            second = retrying.put_audit_events(channelArn=channel, auditEvents=entries)["successful"]
            checks.equal("boto3 sends again what got no answer", forgetful.calls, 2)
        checks.equal("what is sent again has the ids that it had", second, first)
        changed = [{"id": "again-0", "eventData": activity(3, eventName="OpenAgain")}]
        other = sender.put_audit_events(channelArn=channel, auditEvents=changed)["successful"]
        ids = sorted(done["eventID"] for done in first + other)
        rows = run_query(client, f"select eventid from {store.rpartition('/')[2]} where eventdata.eventname = 'OpenAgain'")[1]
        checks.equal("and is stored once; other data is another event", sorted(row["eventid"] for row in rows), ids)

    def refused():
        entry = {"id": "a", "eventData": activity(30)}
        unknown = channel.rpartition("/")[0] + "/11111111-2222-3333-4444-555555555555"
        cases = {
            "ChannelNotFound": (unknown, [entry]),
            "InvalidChannelARN": ("arn:aws:nothing", [entry]),
            "DuplicatedAuditEventId": (channel, [entry, entry]),
        }
        for code, (arn, entries) in cases.items():
            checks.equal(f"a call with {code}", code_of(sender.put_audit_events, channelArn=arn, auditEvents=entries), code)
        checks.equal("a store with a channel stays", code_of(client.delete_event_data_store, EventDataStore=store), "ChannelExistsForEDSException")

    for case in (sent, again, refused):
        checks.run(case)


class Forgetful:
    """A server in front of another that passes calls on, and hangs up on the first instead of passing its answer back."""

    def __init__(self, url):
        self.calls = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.calls += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                passed = urllib.request.Request(url + self.path, data=body, headers=dict(self.headers), method="POST")
                with urllib.request.urlopen(passed, timeout=60) as answer:
                    answered = answer.read()
                if outer.calls == 1:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(answered)))
                self.end_headers()
                self.wfile.write(answered)

            def log_message(self, *_):
                """Says nothing."""

        self.listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listening.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.listening.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listening.shutdown()
        self.listening.server_close()


def import_cases(client, moto, files, expected):
    """Log files of a bucket into a store, with true counts, and what happens to a file that is none."""
    for path in files:
        moto.s3.upload_file(str(path), BUCKET, f"given/{path.relative_to(given.work / 'corpus')}")
    store = client.create_event_data_store(Name="imported", TerminationProtectionEnabled=False)["EventDataStoreArn"]

    def run(uri):
        source = {"S3LocationUri": uri, "S3BucketRegion": REGION, "S3BucketAccessRoleArn": ROLE}
        started = client.start_import(Destinations=[store], ImportSource={"S3": source})
        final = ("COMPLETED", "FAILED", "STOPPED")
        return until("the import", lambda: (job := client.get_import(ImportId=started["ImportId"]))["ImportStatus"] in final and job)

    def completed():
        job = run(f"s3://{BUCKET}/given/AWSLogs/")
        checks.equal("an import is completed", job["ImportStatus"], "COMPLETED")
        counted = {name: job["ImportStatistics"][name] for name in ("FilesCompleted", "EventsCompleted", "FailedEntries")}
        checks.equal("with its counts", counted, {"FilesCompleted": len(files), "EventsCompleted": expected, "FailedEntries": 0})

    def broken():
        key = f"broken/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/03/01/{ACCOUNT}_CloudTrail_{REGION}_20260301T0000Z_0123456789abcdef.json.gz"
        moto.s3.put_object(Bucket=BUCKET, Key=key, Body=b"no gzip at all")
        job = run(f"s3://{BUCKET}/broken/AWSLogs/")
        checks.equal("a broken file is counted", (job["ImportStatus"], job["ImportStatistics"]["FailedEntries"]), ("COMPLETED", 1))
        failures = client.list_import_failures(ImportId=job["ImportId"])["Failures"]
        checks.equal("and is named", [failure["Location"] for failure in failures], [f"s3://{BUCKET}/{key}"])

    for case in (completed, broken):
        checks.run(case)


def dashboard_cases(client):
    """A dashboard comes back as it was made and changed."""

    def round_trip():
        store = client.create_event_data_store(Name="dashboards", TerminationProtectionEnabled=False)["EventDataStoreArn"]
        statement = f"select eventname, count(*) as n from {store.rpartition('/')[2]} group by eventname"
        widget = {"QueryStatement": statement, "ViewProperties": {"View": "Line"}}
        tags = [{"Key": "team", "Value": "watch"}]
        arn = client.create_dashboard(Name="overview", Widgets=[widget], TagsList=tags)["DashboardArn"]
        checks.equal("an ARN of its name", arn, f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:dashboard/overview")
        made = client.get_dashboard(DashboardId=arn)
        shown = [{name: kept[name] for name in widget} for kept in made["Widgets"]]
        checks.equal("its widgets come back", shown, [widget])
        checks.equal("and its tags", client.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"], tags)
        schedule = {"Frequency": {"Unit": "HOURS", "Value": 6}, "Status": "ENABLED", "TimeOfDay": "08:00"}
        client.update_dashboard(DashboardId="overview", RefreshSchedule=schedule, TerminationProtectionEnabled=True)
        changed = client.get_dashboard(DashboardId="overview")
        checks.equal("a change of it comes back", changed["RefreshSchedule"], schedule)
        checks.equal("and leaves the rest", len(changed["Widgets"]), 1)
        checks.equal("a refresh has an id", client.start_dashboard_refresh(DashboardId=arn)["RefreshId"].isdigit(), True)
        checks.equal("a protected dashboard stays", code_of(client.delete_dashboard, DashboardId=arn), "ConflictException")
        client.update_dashboard(DashboardId=arn, TerminationProtectionEnabled=False)
        client.delete_dashboard(DashboardId=arn)
        checks.equal("a deleted one is gone", code_of(client.get_dashboard, DashboardId=arn), "ResourceNotFoundException")

    checks.run(round_trip)


def insight(number, source, category, when):
    """Returns an Insights record about calls that a trail recorded."""
    average = {"baseline": {"average": 0.1}, "insight": {"average": 9.5}, "insightDuration": 3, "baselineDuration": 10_080}
    details = {"state": "Start", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "insightType": "ApiCallRateInsight"}
    details |= {"sourceEventCategory": category, "insightSource": source, "insightContext": {"statistics": average}}
    return {
        "eventVersion": "1.09",
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:00Z"),
        "awsRegion": REGION,
        "eventID": f"insight-{number}",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT,
        "sharedEventID": f"episode-{number}",
        "insightDetails": details,
        "eventCategory": "Insight",
    }


def insight_cases(client, server):
    """Insights on data events by their trail, those on management events in event history."""

    def listed():
        trails = [f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}" for name in ("one", "other")]
        whens = [NOW - datetime.timedelta(hours=hours) for hours in range(1, 5)]
        data = [insight(at, trails[0], "Data", when) for at, when in enumerate(whens)]
        others = [insight(10, trails[1], "Data", NOW), insight(11, trails[0], "Management", NOW)]
        others[1]["insightDetails"].pop("insightSource")
        server.ingest(data + others)
        answer = client.list_insights_data(InsightSource=trails[0], DataType="InsightsEvents")["Events"]
        checks.equal("Insights of a trail, newest first", [found["EventId"] for found in answer], [made["eventID"] for made in data])
        checks.equal("each with its record", [json.loads(found["CloudTrailEvent"]) for found in answer], data)
        members = {"DataType": "InsightsEvents", "Dimensions": {"EventId": "insight-2"}}
        one = client.list_insights_data(InsightSource=trails[0], **members)["Events"]
        checks.equal("by a dimension", [found["EventId"] for found in one], ["insight-2"])
        history = client.lookup_events(EventCategory="insight")["Events"]
        checks.equal("event history has those on management events", [found["EventId"] for found in history], ["insight-11"])

    checks.run(listed)


def health_cases(server):
    """What a supervisor asks, without a signature."""

    def asked():
        for path, word in (("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", 'operation="CreateEventDataStore"')):
            with urllib.request.urlopen(server.url + path, timeout=10) as answer:
                checks.equal(f"{path} answers", word in answer.read().decode(), True)

    def recorded():
        calls = server.door.query("select eventname, useridentity.accesskeyid as key from events where eventsource = 'cloudtrail.amazonaws.com'")
        found = {call["eventname"] for call in calls if call["key"] == KEY[0]}
        expected = {"CreateEventDataStore", "StartQuery", "DeleteDashboard", "CreateChannel"}
        checks.equal("control calls are events", expected - found, set())

    checks.run(asked)
    checks.run(recorded)


def main():
    """Runs all cases."""
    files = generated(given.work / "corpus")
    with Moto() as moto:
        moto.s3.create_bucket(Bucket=BUCKET)
        data = given.work / "data"
        lake = Trailkeep(given.trailkeep, data, environment=moto.environment())
        lake.collect(str(given.work / "corpus"))
        with Server(given.trailkeep, data, moto.environment()) as server:
            client = server.client()
            store_cases(client)
            server.add_key(MEMBER_KEY, MEMBER)
            query_cases(server.client(pair=MEMBER_KEY), lake, moto)
            channel_cases(client, server, lake)
            dashboard_cases(client)
            insight_cases(client, server)
            health_cases(server)
        # A lake of its own: what is imported is counted.
        with Server(given.trailkeep, given.work / "imports", moto.environment()) as server:
            counted = Trailkeep(given.trailkeep, given.work / "counted").collect(str(given.work / "corpus"))
            import_cases(server.client(), moto, files, counted["stored"])
    checks.close()


main()
