"""boto3 through every list of the API, page by page: all of it, nothing twice, also while new events arrive."""

import argparse
import datetime
import gzip
import json
from pathlib import Path

from aws import Moto
from harness import Checks, event
from serving import ACCOUNT, REGION, Server, code_of, run_query, until

# Objects that a list is walked over, where the service has no smaller limit.
OBJECTS = 120
BUCKET = "lists"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/import"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def arguments():
    """Reads the command line of `cargo xtask test` and of `cargo xtask acceptance`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trailkeep", type=Path, required=True, help="the binary under test")
    parser.add_argument("--corpus", type=Path, help="not used")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--events", type=int, default=2_000, help="events of the walk through event history")
    return parser.parse_args()


given = arguments()
checks = Checks()


def walk(call, member, key, **members):
    """Walks a list by hand and returns the values of its objects' member, page by page."""
    pages = []
    while True:
        answer = call(**members)
        pages.append([entry[key] if key else entry for entry in answer[member]])
        if not answer.get("NextToken"):
            return pages
        members["NextToken"] = answer["NextToken"]


def check_walk(name, pages, expected, most=None):
    """Holds a walk against the objects that there are: each once, and no page longer than asked for."""
    found = [value for page in pages for value in page]
    checks.equal(f"{name}: all, each once", sorted(map(str, found)), sorted(map(str, expected)))
    if most:
        checks.equal(f"{name}: pages as asked for", (max(map(len, pages)) <= most, len(pages) > 1), (True, True))


def paginated(client, operation, member, key, **members):
    """Walks a list by boto3's paginator."""
    return [[entry[key] for entry in page[member]] for page in client.get_paginator(operation).paginate(**members)]


def stamp(seconds):
    """Returns a time so many seconds ago, as records have it."""
    return (NOW - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def log_of(events):
    """Returns a log file."""
    return gzip.compress(json.dumps({"Records": events}).encode())


def history(server, client, count):
    """Walks event history while new events arrive, some of them older than what was walked over already."""
    # Several events share a second, and the page ends within it.
    given_events = [event(ACCOUNT, REGION, stamp(3_600 + number // 7), f"Call{number}") for number in range(count)]

    def walked():
        for at in range(0, count, 1_000):
            server.ingest(given_events[at : at + 1_000])
        attributes = [{"AttributeKey": "EventSource", "AttributeValue": "ec2.amazonaws.com"}]
        pages = client.get_paginator("lookup_events").paginate(LookupAttributes=attributes, PaginationConfig={"PageSize": 50})
        found = []
        for number, page in enumerate(pages):
            found += page["Events"]
            # One at the newest end, one anywhere in between.
            fresh = event(ACCOUNT, REGION, stamp(0), f"New{number}")
            server.ingest([fresh, event(ACCOUNT, REGION, stamp(3_600 + (number * 13) % (count // 7)), f"Late{number}")])
        ids = [entry["EventId"] for entry in found]
        checks.equal("event history: nothing twice", len(ids), len(set(ids)))
        missing = {record["eventID"] for record in given_events} - set(ids)
        checks.equal("event history: nothing lost", sorted(missing), [])
        times = [entry["EventTime"] for entry in found]
        checks.equal("event history: newest first", times, sorted(times, reverse=True))

    checks.run(walked)


def trail_lists(server, client):
    """Trails, tags and public keys."""

    def trails():
        arns = []
        for region in (REGION, "eu-central-1"):
            for number in range(5):
                made = server.client(region=region).create_trail(Name=f"list-{number}", S3BucketName=BUCKET)
                arns += [made["TrailARN"]] if region == REGION else []
        refused = code_of(client.create_trail, Name="list-5", S3BucketName=BUCKET)
        checks.equal("five trails are the limit", refused, "MaximumNumberOfTrailsExceededException")
        found = [arn for page in paginated(client, "list_trails", "Trails", "TrailARN") for arn in page if f":{REGION}:" in arn]
        check_walk("ListTrails", [found], arns)
        for arn in arns:
            client.add_tags(ResourceId=arn, TagsList=[{"Key": f"key-{number}", "Value": "v"} for number in range(50)])
        pages = client.get_paginator("list_tags").paginate(ResourceIdList=arns)
        tags = [[(entry["ResourceId"], tag["Key"]) for entry in page["ResourceTagList"] for tag in entry["TagsList"]] for page in pages]
        check_walk("ListTags", tags, [(arn, f"key-{number}") for arn in arns for number in range(50)])
        members = {"StartTime": NOW - datetime.timedelta(hours=1), "EndTime": NOW + datetime.timedelta(hours=1)}
        client.list_public_keys()
        prints = paginated(client, "list_public_keys", "PublicKeyList", "Fingerprint", **members)
        current = [key["Fingerprint"] for key in client.list_public_keys()["PublicKeyList"]]
        check_walk("ListPublicKeys", prints, current)
        checks.equal("ListPublicKeys: there is one", len(current), 1)

    checks.run(trails)


def store_lists(client):
    """Event data stores, channels, dashboards and queries."""
    members = {"TerminationProtectionEnabled": False}
    activity = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}]

    def stores():
        arns = [client.create_event_data_store(Name=f"list-{number}", **members)["EventDataStoreArn"] for number in range(9)]
        arns.append(
            client.create_event_data_store(
                Name="list-9", MultiRegionEnabled=False, AdvancedEventSelectors=activity, **members
            )["EventDataStoreArn"]
        )
        refused = code_of(client.create_event_data_store, Name="list-10", **members)
        checks.equal("ten stores are the limit", refused, "EventDataStoreMaxLimitExceededException")
        pages = walk(client.list_event_data_stores, "EventDataStores", "EventDataStoreArn", MaxResults=3)
        check_walk("ListEventDataStores", pages, arns, 3)
        return arns

    def channels(store):
        destination = [{"Type": "EVENT_DATA_STORE", "Location": store}]
        arns = [client.create_channel(Name=f"list-{number}", Source="Custom", Destinations=destination)["ChannelArn"] for number in range(25)]
        refused = code_of(client.create_channel, Name="list-25", Source="Custom", Destinations=destination)
        checks.equal("25 channels are the limit", refused, "ChannelMaxLimitExceededException")
        check_walk("ListChannels", walk(client.list_channels, "Channels", "ChannelArn", MaxResults=7), arns, 7)

    def dashboards():
        arns = [client.create_dashboard(Name=f"list-{number}")["DashboardArn"] for number in range(OBJECTS)]
        check_walk("ListDashboards", walk(client.list_dashboards, "Dashboards", "DashboardArn", MaxResults=50, NamePrefix="list-"), arns, 50)
        some = [arn for arn in arns if "/list-1" in arn]
        pages = walk(client.list_dashboards, "Dashboards", "DashboardArn", MaxResults=7, NamePrefix="list-1", Type="CUSTOM")
        check_walk("ListDashboards by a prefix", pages, some, 7)

    def queries(store):
        identity = store.rpartition("/")[2]
        # Of which nothing must be read.
        empty = f"select eventid from {identity} where eventtime < timestamp '2010-01-01 00:00:00'"
        # Ten run at once; the service says when there is room for another.
        ids = [until("room for a query", lambda: start(client, empty)) for _ in range(OBJECTS - 1)]
        ids.append(run_query(client, f"select eventid from {identity} order by eventid limit {OBJECTS}")[0])
        done = lambda: client.list_queries(EventDataStore=store, QueryStatus="FINISHED", MaxResults=1_000)["Queries"]
        until("the queries", lambda: len(done()) == OBJECTS)
        pages = walk(client.list_queries, "Queries", "QueryId", EventDataStore=store, MaxResults=50)
        check_walk("ListQueries", pages, ids, 50)
        rows = walk(client.get_query_results, "QueryResultRows", None, QueryId=ids[-1], MaxQueryResults=7)
        flat = [row[0]["eventid"] for page in rows for row in page]
        checks.equal("GetQueryResults: all rows, in order", (len(flat), flat), (OBJECTS, sorted(set(flat))))

    def samples():
        every = walk(client.search_sample_queries, "SearchResults", "Name", SearchPhrase="who deleted a bucket", MaxResults=50)
        pages = walk(client.search_sample_queries, "SearchResults", "Name", SearchPhrase="who deleted a bucket", MaxResults=2)
        check_walk("SearchSampleQueries", pages, [name for page in every for name in page], 2)

    made = []
    checks.run(lambda: made.extend(stores()), "stores")
    if made:
        checks.run(lambda: channels(made[-1]), "channels")
        checks.run(lambda: queries(made[0]), "queries")
    for case in (dashboards, samples):
        checks.run(case)


def start(client, statement):
    """Starts a query, if there is room."""
    try:
        return client.start_query(QueryStatement=statement)["QueryId"]
    except client.exceptions.MaxConcurrentQueriesException:
        return None


def import_lists(client, moto):
    """Imports, and the failures of one."""
    store = client.create_event_data_store(Name="imports")["EventDataStoreArn"]
    folder = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/03/01"

    def run(prefix):
        source = {"S3LocationUri": f"s3://{BUCKET}/{prefix}/AWSLogs/", "S3BucketRegion": REGION, "S3BucketAccessRoleArn": ROLE}
        job = client.start_import(Destinations=[store], ImportSource={"S3": source})["ImportId"]
        until("the import", lambda: client.get_import(ImportId=job)["ImportStatus"] in ("COMPLETED", "FAILED"), every=0.1)
        return job

    def failures():
        keys = [f"bad/{folder}/{ACCOUNT}_CloudTrail_{REGION}_20260301T0000Z_{number:016}.json.gz" for number in range(OBJECTS)]
        for key in keys:
            moto.s3.put_object(Bucket=BUCKET, Key=key, Body=b"no gzip at all")
        job = run("bad")
        locations = [f"s3://{BUCKET}/{key}" for key in keys]
        pages = paginated(client, "list_import_failures", "Failures", "Location", ImportId=job, PaginationConfig={"PageSize": 50})
        check_walk("ListImportFailures", pages, locations, 50)
        return job

    def imports(first):
        moto.s3.put_object(Bucket=BUCKET, Key=f"good/{folder}/{ACCOUNT}_CloudTrail_{REGION}_20260301T0000Z_aaaaaaaaaaaaaaaa.json.gz", Body=log_of([event(ACCOUNT, REGION, stamp(9_000), "Imported")]))
        jobs = first + [run("good") for _ in range(OBJECTS - len(first))]
        pages = paginated(client, "list_imports", "Imports", "ImportId", Destination=store, PaginationConfig={"PageSize": 50})
        check_walk("ListImports", pages, jobs, 50)
        pages = paginated(client, "list_imports", "Imports", "ImportId", ImportStatus="COMPLETED", PaginationConfig={"PageSize": 7})
        check_walk("ListImports by a status", pages, jobs, 7)

    first = []
    checks.run(lambda: first.append(failures()), "failures")
    checks.run(lambda: imports(first), "imports")


def insight_lists(server, client):
    """Insights, and the numbers that they are drawn from."""
    source = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/list-0"

    def record(number):
        details = {"state": "Start", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "insightType": "ApiCallRateInsight"}
        return {
            "eventVersion": "1.09",
            "eventTime": stamp(60 * (number // 3)),
            "awsRegion": REGION,
            "eventID": f"insight-{number}",
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": ACCOUNT,
            "insightDetails": details | {"sourceEventCategory": "Data", "insightSource": source},
            "eventCategory": "Insight",
        }

    def data():
        server.ingest([record(number) for number in range(OBJECTS)])
        members = {"InsightSource": source, "DataType": "InsightsEvents", "PaginationConfig": {"PageSize": 50}}
        pages = paginated(client, "list_insights_data", "Events", "EventId", **members)
        check_walk("ListInsightsData", pages, [f"insight-{number}" for number in range(OBJECTS)], 50)

    def metrics():
        hour = NOW.replace(minute=0, second=0)
        members = {"EventSource": "ec2.amazonaws.com", "EventName": "Call0", "InsightType": "ApiCallRateInsight"}
        members |= {"StartTime": hour - datetime.timedelta(hours=OBJECTS), "EndTime": hour, "Period": 3_600, "DataType": "FillWithZeros"}
        pages = walk(client.list_insights_metric_data, "Timestamps", None, MaxResults=50, **members)
        hours = [hour - datetime.timedelta(hours=back) for back in range(1, OBJECTS + 1)]
        check_walk("ListInsightsMetricData", pages, hours, 50)

    for case in (data, metrics):
        checks.run(case)


def main():
    """Runs all walks, each group on a lake of its own: what one group leaves would only slow the next."""
    with Moto() as moto:
        moto.s3.create_bucket(Bucket=BUCKET)

        def on_its_own(name, cases):
            with Server(given.trailkeep, given.work / name, moto.environment(), ["--commit-interval", "20ms"]) as server:
                cases(server, server.client())

        on_its_own("history", lambda server, client: history(server, client, given.events))
        on_its_own("trails", lambda server, client: trail_lists(server, client))
        on_its_own("stores", lambda server, client: store_lists(client))
        on_its_own("imports", lambda server, client: import_lists(client, moto))
        on_its_own("insights", insight_lists)
    checks.close()


main()
