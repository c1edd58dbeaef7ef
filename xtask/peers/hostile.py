"""Requests that nobody should send, and ends that nobody should make: each is refused by AWS's own code, and nothing is lost."""

import datetime
import gzip
import json
import socket
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from aws import Moto
from harness import Checks, Trailkeep, arguments, event
from serving import ACCOUNT, KEY, REGION, Server, clean_environment, code_of, run_query, until

OTHER, OTHER_KEY = "111122223333", ("AKIAOTHEREXAMPLE", "other-secret")
READER_KEY = ("AKIAREADEREXAMPLE", "reader-secret")
TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
JSON = "application/x-amz-json-1.1"
BODY_BYTES_MAX = 1 << 20
SHORT = ["--delivery-interval", "1s", "--commit-interval", "20ms"]
# The steps of a delivery at which the server is made to end, those of the last digest after the trail was stopped.
LOG_FILE_STEPS = ["delivery-planned", "log-file-put", "log-files-put", "delivered"]
DIGEST_STEPS = ["digest-put", "digest-chained", "stretch-ended"]
# Bounds of queries, and of what they may make the server take.
QUERY_BYTES_MAX, QUERY_SECONDS_MAX, ENDED_SECONDS_MAX = 64 << 20, 5, 30
PEAK_BYTES_MAX = 512 << 20
NOW = datetime.datetime.now(datetime.timezone.utc)

given = arguments(__doc__)
checks = Checks()


def sent(request):
    """Sends a request as it is; returns the status and the code of the error, none for a success."""
    try:
        asked = urllib.request.Request(request.url, data=request.data, headers=dict(request.headers), method=request.method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            answer.read()
            return answer.status, None
    except urllib.error.HTTPError as refused:
        if not refused.headers.get("x-amzn-RequestId"):
            raise AssertionError(f"an answer of {refused.code} has no request id") from refused
        return refused.code, json.loads(refused.read())["__type"]


def request(server, operation="ListTrails", body=b"{}", headers=None):
    """Returns a request that is not signed yet."""
    named = {"X-Amz-Target": TARGET + operation, "Content-Type": JSON}
    return AWSRequest("POST", server.url + "/", data=body, headers=named | (headers or {}))


def signed(server, operation="ListTrails", body=b"{}", pair=KEY, service="cloudtrail", headers=None):
    """Returns a request that is signed as it should be."""
    made = request(server, operation, body, headers)
    SigV4Auth(Credentials(*pair), service, REGION).add_auth(made)
    return made


class Skewed(SigV4Auth):
    """Signs for another time."""

    def __init__(self, skew, service="cloudtrail"):
        super().__init__(Credentials(*KEY), service, REGION)
        self.skew = skew

    def add_auth(self, request):
        """Signs as though it were another time."""
        moment = (datetime.datetime.now(datetime.timezone.utc) + self.skew).strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = moment
        request.headers["X-Amz-Date"] = moment
        canonical = self.canonical_request(request)
        signature = self.signature(self.string_to_sign(request, canonical), request)
        self._inject_signature_to_request(request, signature)


def skewed(server, **skew):
    """Returns a request that is signed for another time."""
    made = request(server)
    Skewed(datetime.timedelta(**skew)).add_auth(made)
    return made


def presigned(server, seconds, change=""):
    """Returns a presigned request; it has no body, which counts as an empty object."""
    made = AWSRequest("POST", server.url + "/", headers={"X-Amz-Target": TARGET + "ListTrails", "Content-Type": JSON})
    SigV4QueryAuth(Credentials(*KEY), "cloudtrail", REGION, expires=seconds).add_auth(made)
    made.url += change
    made.data = b""
    return made


def changed(made, **changes):
    """Returns a request with something changed behind the signature's back."""
    for name, value in changes.items():
        if name == "body":
            made.data = value
        else:
            name = name.replace("_", "-")
            del made.headers[name]
            made.headers[name] = value
    return made


def signatures(server):
    """Who may call, and who may not."""
    plain = request(server)
    good = signed(server)
    authorization = good.headers["Authorization"]
    broken = authorization[:-4] + ("0000" if authorization[-4:] != "0000" else "1111")
    cases = [
        ("a signed call", signed(server), (200, None)),
        ("a call", good, (200, None)),
        ("the same call again, within its time", good, (200, None)),
        ("a presigned call", presigned(server, 60), (200, None)),
        ("an unsigned call", plain, (400, "MissingAuthenticationTokenException")),
        ("a wrong signature", changed(signed(server), Authorization=broken), (400, "InvalidSignatureException")),
        ("another body than was signed", changed(signed(server), body=b'{"a":1}'), (400, "InvalidSignatureException")),
        ("another operation than was signed", changed(signed(server), X_Amz_Target=TARGET + "DeleteTrail"), (400, "InvalidSignatureException")),
        ("a wrong secret", signed(server, pair=(KEY[0], "guess")), (400, "InvalidSignatureException")),
        ("an unknown key", signed(server, pair=("AKIANOBODY", "x")), (400, "UnrecognizedClientException")),
        ("another service", signed(server, service="s3"), (400, "InvalidSignatureException")),
        ("an expired signature", skewed(server, minutes=-16), (400, "InvalidSignatureException")),
        ("a clock within bounds", skewed(server, minutes=-14), (200, None)),
        ("a clock that is ahead", skewed(server, minutes=16), (400, "InvalidSignatureException")),
        ("a presigned call with more", presigned(server, 60, "&x=y"), (400, "InvalidSignatureException")),
        ("a header cut off", changed(signed(server), Authorization="AWS4-HMAC-SHA256 Credential=a"), (400, "IncompleteSignatureException")),
        ("another algorithm", changed(signed(server), Authorization="Basic Zm9vOmJhcg=="), (400, "IncompleteSignatureException")),
        ("a session token that the key has not", signed(server, headers={"X-Amz-Security-Token": "x"}), (400, "UnrecognizedClientException")),
    ]
    for name, made, expected in cases:
        checks.run(lambda: checks.equal(name, sent(made), expected), name)

    def outlived():
        made = presigned(server, 1)
        time.sleep(2.1)
        checks.equal("a presigned call that is over", sent(made), (400, "InvalidSignatureException"))

    def reader():
        server.add_key(READER_KEY, ACCOUNT, role="reader")
        checks.equal("a reader reads", sent(signed(server, pair=READER_KEY)), (200, None))
        body = b'{"Name":"abc","S3BucketName":"anybucket"}'
        checks.equal("a reader changes nothing", sent(signed(server, "CreateTrail", body, pair=READER_KEY))[1], "AccessDeniedException")
        checks.equal("and pushes nothing", server.post("/ingest", b"{}", pair=READER_KEY)[0] >= 400, True)
        server.door.run("keys", "revoke", READER_KEY[0])
        checks.equal("a revoked key is unknown", sent(signed(server, pair=READER_KEY)), (400, "UnrecognizedClientException"))

    def temporary():
        made = [json.loads(server.door.run("keys", "create", "--account", ACCOUNT, "--expires", life, "--output", "json")) for life in ("1h", "1s")]
        long, short = [((key["AccessKeyId"], key["SecretAccessKey"]), key["SessionToken"]) for key in made]
        checks.equal("a temporary key with its token", code_of(server.client(pair=long[0], token=long[1]).list_trails), None)
        checks.equal("without it", code_of(server.client(pair=long[0]).list_trails), "UnrecognizedClientException")
        time.sleep(1.1)
        checks.equal("and after its end", code_of(server.client(pair=short[0], token=short[1]).list_trails), "ExpiredTokenException")

    for case in (outlived, reader, temporary):
        checks.run(case)


def bodies(server):
    """Bodies that are none, and targets that are none."""
    deep = b'{"Name":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    deep_extra = b'{"Extra":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}"
    cases = [
        ("no body", "ListTrails", b"", None),
        ("unknown fields", "ListTrails", b'{"Unknown":{"a":[1,2]}}', None),
        ("no JSON", "ListTrails", b"<xml/>", "SerializationException"),
        ("a truncated body", "GetTrail", b'{"Name":"ab', "SerializationException"),
        ("an array", "GetTrail", b"[]", "SerializationException"),
        ("a number for a text", "GetTrail", b'{"Name":5}', "SerializationException"),
        ("an object for a text", "GetTrail", b'{"Name":{}}', "SerializationException"),
        ("a text for a number", "LookupEvents", b'{"MaxResults":"ten"}', "SerializationException"),
        ("no UTF-8", "GetTrail", b'{"Name":"\xff\xfe"}', "SerializationException"),
        ("10,000 deep", "GetTrail", deep, "SerializationException"),
        ("10,000 deep in an unknown field", "ListTrails", deep_extra, None),
        ("a body over 1 MB", "ListTrails", b'{"x":"' + b"x" * BODY_BYTES_MAX + b'"}', "RequestEntityTooLargeException"),
        ("an unknown operation", "DropAllTables", b"{}", "UnknownOperationException"),
        ("a target of another service", "", b"{}", "UnknownOperationException"),
    ]
    for name, operation, body, code in cases:
        checks.run(lambda: checks.equal(name, sent(signed(server, operation, body))[1], code), name)

    def other_paths():
        for method, path in (("GET", "/"), ("POST", "/nothing"), ("PUT", "/ingest"), ("GET", "/../../etc/passwd")):
            status, _ = sent(AWSRequest(method, server.url + path, headers={}))
            checks.equal(f"{method} {path}", 400 <= status < 500, True)

    def half_sent():
        host, port = server.url.removeprefix("http://").split(":")
        for payload in (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", b"\x16\x03\x01 not HTTP\r\n\r\n", b"POST / HT"):
            with socket.create_connection((host, int(port)), timeout=10) as raw:
                raw.sendall(payload)
        checks.equal("half a request leaves the server well", sent(signed(server)), (200, None))

    checks.run(other_paths)
    checks.run(half_sent)


def names_and_tokens(server):
    """Names at and past each limit, ARNs of others, and tokens that are forged or of another question."""
    client = server.client()
    store = client.create_event_data_store(Name="first", TerminationProtectionEnabled=False)["EventDataStoreArn"]
    for number in range(3):
        client.create_event_data_store(Name=f"more-{number}", TerminationProtectionEnabled=False)

    def lengths():
        cases = [
            ("a name of 2", "ab", "InvalidTrailNameException"),
            ("a name of 3", "abc", None),
            ("a name of 128", "a" * 128, None),
            ("a name of 129", "a" * 129, "InvalidTrailNameException"),
            ("a name that begins with a dot", ".abc", "InvalidTrailNameException"),
            ("two signs side by side", "a--b", "InvalidTrailNameException"),
            ("an address for a name", "192.168.5.4", "InvalidTrailNameException"),
            ("a name in another alphabet", "имя-следа", "InvalidTrailNameException"),
            ("a path for a name", "../../x", "InvalidTrailNameException"),
        ]
        for name, value, code in cases:
            checks.equal(name, code_of(client.create_trail, Name=value, S3BucketName="hostile"), code)
        long = "p" * 201
        checks.equal("a prefix of 201", code_of(client.create_trail, Name="prefixed", S3BucketName="hostile", S3KeyPrefix=long), "InvalidS3PrefixException")
        for bucket in ("ab", "With-Capitals", "under_score", "../escape"):
            checks.equal(f"the bucket `{bucket}`", code_of(client.create_trail, Name="bad-bucket", S3BucketName=bucket), "InvalidS3BucketNameException")
        for count, code in ((50, None), (51, "TagsLimitExceededException")):
            tags = [{"Key": f"k{number}", "Value": "v"} for number in range(count)]
            checks.equal(f"{count} tags", code_of(client.add_tags, ResourceId=store, TagsList=tags), code)
        statement = f"select eventid from {store.rpartition('/')[2]} -- "
        for length, code in ((10_000, None), (10_001, "InvalidParameterException")):
            body = json.dumps({"QueryStatement": statement.ljust(length, "x")}).encode()
            found = sent(signed(server, "StartQuery", body))[1]
            allowed = {None} if code is None else {code, "ValidationException", "InvalidQueryStatementException"}
            checks.equal(f"a query of {length} characters", found in allowed, True)
        for results, code in ((0, "InvalidMaxResultsException"), (51, "InvalidMaxResultsException"), (50, None)):
            found = sent(signed(server, "LookupEvents", json.dumps({"MaxResults": results}).encode()))[1]
            checks.equal(f"{results} results", found, code)

    def others():
        server.add_key(OTHER_KEY, OTHER)
        other = server.client(pair=OTHER_KEY)
        trail = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/abc"
        cases = [
            ("a trail", other.get_trail, {"Name": trail}),
            ("its end", other.delete_trail, {"Name": trail}),
            ("its selectors", other.put_event_selectors, {"TrailName": trail, "EventSelectors": [{"ReadWriteType": "All"}]}),
            ("a store", other.get_event_data_store, {"EventDataStore": store}),
            ("a store's end", other.delete_event_data_store, {"EventDataStore": store}),
            ("a query of a store", other.start_query, {"QueryStatement": f"select eventid from {store.rpartition('/')[2]}"}),
        ]
        for name, call, members in cases:
            refused = code_of(call, **members)
            checks.equal(f"{name} of another account is refused", refused is not None and "Internal" not in refused, True)
        checks.equal("and is still there", client.get_trail(Name=trail)["Trail"]["TrailARN"], trail)
        checks.equal("another account sees no trail of ours", other.describe_trails()["trailList"], [])
        query, _ = run_query(client, f"select eventid from {store.rpartition('/')[2]} limit 1")
        checks.equal("nor a query's rows", code_of(other.get_query_results, QueryId=query), "QueryIdNotFoundException")

    def tokens():
        server.ingest([event(ACCOUNT, REGION, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), f"Call{number}") for number in range(5)])
        token = client.lookup_events(MaxResults=2)["NextToken"]
        stores = client.list_event_data_stores(MaxResults=2)["NextToken"]
        other = server.client(pair=OTHER_KEY)
        forged = [token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), token[2:], "x" * 64, "AAAA", token + "A", stores]
        for value in forged:
            checks.equal("a forged token", code_of(client.lookup_events, MaxResults=2, NextToken=value), "InvalidNextTokenException")
        attributes = [{"AttributeKey": "EventName", "AttributeValue": "Call1"}]
        refused = code_of(client.lookup_events, MaxResults=2, NextToken=token, LookupAttributes=attributes)
        checks.equal("a token of another question", refused, "InvalidNextTokenException")
        checks.equal("a token of another account", code_of(other.lookup_events, MaxResults=2, NextToken=token), "InvalidNextTokenException")
        checks.equal("a token of another list", code_of(client.list_event_data_stores, MaxResults=2, NextToken=token), "InvalidNextTokenException")
        checks.equal("a token where it belongs", code_of(client.lookup_events, MaxResults=2, NextToken=token), None)

    for case in (lengths, others, tokens):
        checks.run(case)


def is_idle(server):
    """Returns whether the server computes next to nothing for half a second; always where the system does not tell."""
    status = Path(f"/proc/{server.process.pid}/stat")
    if not status.exists():
        return True

    def ticks():
        fields = status.read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.5)
    return ticks() - before < 10


def statements(server):
    """SQL that writes, reads what it should not, or never ends."""
    client = server.client()
    arn = client.create_event_data_store(Name="queried", TerminationProtectionEnabled=False)["EventDataStoreArn"]
    store = arn.rpartition("/")[2]
    server.ingest([event(ACCOUNT, REGION, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), f"Call{number}") for number in range(2_000)])
    refused = [
        f"delete from {store}",
        f"insert into {store} values (1)",
        f"update {store} set eventname = 'x'",
        f"drop table {store}",
        "create table x as select 1",
        f"create external table x stored as csv location '{given.work}'",
        f"copy (select eventid from {store}) to '{given.work}/stolen.csv'",
        f"explain select eventid from {store}",
        "set datafusion.execution.batch_size = 1",
        "show tables",
        "select * from events",
        "select * from rejects",
        "select * from findings",
        "select * from log_files",
        "select * from information_schema.tables",
        f"select * from '{given.work}/data/trailkeep.db'",
        f"select * from read_parquet('{given.work}')",
        f"select * from generate_series(1, 10), {store}",
        f"select eventid from {store}; select eventid from {store}",
        f"with a as (select * from events) select * from a, {store}",
        f"select eventid from {store} where eventid in (select eventid from events)",
        f"select (select count(*) from events) from {store}",
        f"select eventid from {store} union all select eventid from events",
        "select eventid from 11111111-2222-3333-4444-555555555555",
        "select",
        "",
        "\0",
    ]
    for statement in refused:

        def is_refused():
            body = json.dumps({"QueryStatement": statement}).encode()
            status, code = sent(signed(server, "StartQuery", body))
            known = ("InvalidQueryStatementException", "EventDataStoreNotFoundException", "InvalidParameterException", "ValidationException")
            checks.equal(f"refused: {statement[:60]!r}", (status, code in known), (400, True))

        checks.run(is_refused, statement[:60])

    def endless():
        # Eight billion rows at least: not done today.
        product = ", ".join(f"{store} t{number}" for number in range(3))
        query = client.start_query(QueryStatement=f"select count(*) from {product} where t0.eventid < t1.eventid and t1.eventname < t2.eventid")["QueryId"]
        until("it runs", lambda: client.describe_query(QueryId=query)["QueryStatus"] == "RUNNING")
        checks.equal("others are answered meanwhile", code_of(client.list_trails), None)
        client.cancel_query(QueryId=query)
        until("it is cancelled", lambda: client.describe_query(QueryId=query)["QueryStatus"] == "CANCELLED", seconds=20)
        until("it computes no more", lambda: is_idle(server), seconds=30)
        checks.equal("a cancelled query is over", code_of(client.cancel_query, QueryId=query), "InactiveQueryException")
        checks.equal("and the next one runs", len(run_query(client, f"select eventid from {store} limit 7")[1]), 7)

    checks.run(endless)


def peak_bytes(server):
    """Returns the most memory that the server ever had; none where the system does not tell."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10


def bounded():
    """Queries that want more memory or more time than one may have."""
    words = ["--memory-bytes-max", f"{QUERY_BYTES_MAX}", "--query-timeout", f"{QUERY_SECONDS_MAX}s", "--commit-interval", "20ms"]
    with Server(given.trailkeep, given.work / "bounded", clean_environment(), words) as server:
        client = server.client()
        store = client.create_event_data_store(Name="bounded", TerminationProtectionEnabled=False)["EventDataStoreArn"].rpartition("/")[2]
        server.ingest([event(ACCOUNT, REGION, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), f"Call{number}") for number in range(2_000)])
        run_query(client, f"select count(*) from {store}")
        before = peak_bytes(server)
        final = ("FINISHED", "FAILED", "CANCELLED", "TIMED_OUT")
        endless = f"select count(*) from {store} a, {store} b, {store} c where a.eventid || b.eventid < c.eventid || a.eventname"

        def ended(statement):
            query = client.start_query(QueryStatement=statement)["QueryId"]
            checks.equal("others are answered meanwhile", code_of(client.list_trails), None)
            return until(statement, lambda: (told := client.describe_query(QueryId=query))["QueryStatus"] in final and told, seconds=ENDED_SECONDS_MAX)

        def greedy():
            made = "repeat(eventid, 2000)"
            wide = ", ".join(f"reverse(x) as x{number}" for number in range(60))
            statements = [
                f"select repeat(eventname, 2000000000) from {store}",
                f"select rpad(eventname, 2000000000, 'x') from {store}",
                f"select replace(record, '', {made}) from {store}",
                f"select array_repeat(eventid, 2000000000) from {store}",
                f"select range(1, 2000000000 + length(eventid)) from {store}",
                f"select {made} || repeat(eventid, 200000) from {store}",
                f"with a as (select {made} x from {store}) select array_agg(x) from a",
                f"with a as (select {made} x from {store}) select string_agg(x, '') from a",
                f"with a as (select repeat('x', 900000) x) select array_agg(a.x || eventid) from a, {store}",
            ]
            for statement in statements:
                told = ended(statement)
                message = told.get("ErrorMessage", "")
                shown = statement.replace(store, "STORE")[:70]
                checks.equal(f"refused for its memory: {shown!r}", (told["QueryStatus"], "out of memory" in message), ("FAILED", True))
                checks.equal("and is told what to do", "--memory-bytes-max" in message and "Exec" not in message, True)
            # These may end in one way or the other, but not take the machine with them.
            for statement in (
                f"with a as (select {made} x from {store}) select {wide} from a",
                f"with a as (select repeat('x', 900000) x) select a.x from a, {store}, {store} b",
                f"with a as (select {made} x from {store}) select a.x, b.x from a, a b order by 1",
            ):
                checks.equal("a wide query ends", ended(statement)["QueryStatus"] in ("FINISHED", "FAILED", "TIMED_OUT"), True)
            after = peak_bytes(server)
            checks.equal("the server's memory is bounded", after is None or after - before < PEAK_BYTES_MAX, True)

        def too_long():
            told = ended(endless)
            message = told.get("ErrorMessage", "")
            checks.equal("a query past its time", told["QueryStatus"], "TIMED_OUT")
            checks.equal("names limit and flag", f"{QUERY_SECONDS_MAX}s" in message and "--query-timeout" in message, True)
            until("it computes no more", lambda: is_idle(server), seconds=30)

        def cancelled():
            query = client.start_query(QueryStatement=endless)["QueryId"]
            until("it runs", lambda: client.describe_query(QueryId=query)["QueryStatus"] == "RUNNING")
            checks.equal("a running query is cancelled", client.cancel_query(QueryId=query)["QueryStatus"], "CANCELLED")
            until("it computes no more", lambda: is_idle(server), seconds=30)
            checks.equal("and the next one runs", len(run_query(client, f"select eventid from {store} limit 7")[1]), 7)

        for case in (greedy, too_long, cancelled):
            checks.run(case)


def throttled():
    """More calls than are allowed."""
    with Server(given.trailkeep, given.work / "throttled", clean_environment(), ["--calls-per-second", "1"]) as server:
        client = server.client()
        codes = [code_of(client.list_trails) for _ in range(12)]
        checks.equal("the first call is answered", codes[0], None)
        checks.equal("too many are throttled", "ThrottlingException" in codes, True)
        checks.equal("and nothing else happens", set(codes) <= {None, "ThrottlingException"}, True)
        checks.equal("another operation is not", code_of(client.describe_trails), None)


def records_in(moto, bucket):
    """Returns the ids of the records in all log files of a bucket, and those that the digests name."""
    keys = moto.keys(bucket)
    found, named = [], set()
    for key in keys:
        content = json.loads(gzip.decompress(moto.read(bucket, key)))
        if "/CloudTrail-Digest/" in key:
            named |= {file["s3Object"] for file in content["logFiles"]}
        else:
            found += [record["eventID"] for record in content["Records"]]
    return found, named == {key for key in keys if "/CloudTrail/" in key}


def data_event(number):
    """Returns a data event that no other trail records."""
    record = event(ACCOUNT, REGION, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "PutObject")
    resource = {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::delivered/{number}", "accountId": ACCOUNT}
    changes = {"eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))), "eventSource": "s3.amazonaws.com", "readOnly": False}
    return record | changes | {"resources": [resource], "managementEvent": False, "eventCategory": "Data"}


def make_trail(client, bucket):
    """Makes a trail of all data events on S3, and starts it."""
    arn = client.create_trail(Name=bucket, S3BucketName=bucket, EnableLogFileValidation=True)["TrailARN"]
    resources = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
    client.put_event_selectors(TrailName=arn, EventSelectors=[{"IncludeManagementEvents": False, "DataResources": resources}])
    client.start_logging(Name=arn)
    return arn


def bucket_gone(moto):
    """A bucket that goes away while a trail delivers into it: told, and made up for."""
    bucket = "goes-away"
    moto.s3.create_bucket(Bucket=bucket)
    with Server(given.trailkeep, given.work / "gone", moto.environment(), SHORT) as server:
        client = server.client()
        arn = make_trail(client, bucket)
        moto.s3.delete_bucket(Bucket=bucket)
        events = [data_event(number) for number in range(300)]
        server.ingest(events)
        status = until("the error shows", lambda: (told := client.get_trail_status(Name=arn)).get("LatestDeliveryError") and told)
        checks.equal("the status tells of the bucket", status["LatestDeliveryError"], "NoSuchBucket")
        moto.s3.create_bucket(Bucket=bucket)
        expected = sorted(record["eventID"] for record in events)
        until("delivery catches up", lambda: len(records_in(moto, bucket)[0]) >= len(expected), seconds=120)
        checks.equal("nothing is lost, nothing is there twice", sorted(records_in(moto, bucket)[0]), expected)
        until("the error is over", lambda: not client.get_trail_status(Name=arn).get("LatestDeliveryError"))


def killed(moto):
    """kill -9 in the middle of deliveries: no event twice, none missing, and the chain is valid."""
    bucket = "outlives-kills"
    moto.s3.create_bucket(Bucket=bucket)
    events = []

    def more(server):
        batch = [data_event(10_000 + len(events) + number) for number in range(200)]
        events.extend(batch)
        server.ingest(batch)

    with Server(given.trailkeep, given.work / "killed", moto.environment(), SHORT) as server:
        arn = make_trail(server.client(), bucket)
        for step in LOG_FILE_STEPS:
            server.stop()
            server.start(failpoint=step)
            more(server)
            server.died()
            server.start()
        for round in range(3):
            more(server)
            # Somewhere in the second after which a log file is closed, written and put.
            time.sleep(0.8 + 0.2 * round)
            server.kill()
            server.start()
        server.client().stop_logging(Name=arn)
        server.kill()
        for step in DIGEST_STEPS:
            server.start(failpoint=step)
            server.died()
        server.start()
        until("the last digest", lambda: records_in(moto, bucket)[1], seconds=120)
        found = sorted(records_in(moto, bucket)[0])
        expected = sorted(record["eventID"] for record in events)
        checks.equal("kills: none is there twice", len(found), len(set(found)))
        checks.equal("kills: none is missing", found == expected, True)
        ours = Trailkeep(given.trailkeep, given.work / "validator", environment=clean_environment() | {
            "AWS_ACCESS_KEY_ID": KEY[0],
            "AWS_SECRET_ACCESS_KEY": KEY[1],
            "AWS_ENDPOINT_URL_S3": moto.url,
        })
        start = (NOW - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = ["--endpoint-url", server.url, "--region", REGION, "--trail-arn", arn, "--start-time", start]
        code, said, complained = ours.ended("validate-logs", *words)
        checks.equal("kills: the chain is valid", (code, complained, "log files valid" in said), (0, "", True))


def main():
    """Runs all cases."""
    with Moto() as moto:
        moto.s3.create_bucket(Bucket="hostile")
        with Server(given.trailkeep, given.work / "data", moto.environment(), SHORT) as server:
            for case in (signatures, bodies, statements):
                checks.run(lambda: case(server), case.__name__)
            checks.run(lambda: names_and_tokens(server), "names_and_tokens")
        checks.run(bounded)
        checks.run(throttled)
        checks.run(lambda: bucket_gone(moto), "bucket_gone")
        checks.run(lambda: killed(moto), "killed")
    checks.close()


main()
