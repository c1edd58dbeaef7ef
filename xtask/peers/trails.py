"""Trails by the AWS CLI: the selectors of a guide to data events, its stories from event to log file, and validation of what
was delivered by the AWS CLI's own validator and by ours."""

import base64
import datetime
import gzip
import json
import uuid

from aws import Moto
from harness import Checks, Trailkeep, arguments
from serving import ACCOUNT, KEY, REGION, Server, clean_environment, until

# Three people with accounts of their own: the owner of a bucket, and two who may use it.
JAMES, JAMES_KEY = "111122223333", ("AKIAJAMESEXAMPLE", "james-secret")
HOLLY, HOLLY_KEY = "444455556666", ("AKIAHOLLYEXAMPLE", "holly-secret")
SHORT = ["--delivery-interval", "1s", "--commit-interval", "50ms"]
NOW = datetime.datetime.now(datetime.timezone.utc)

given = arguments(__doc__)
checks = Checks()


def s3_event(caller, name, bucket, key, owner=None, recipient=None):
    """Returns a data event on an object: `owner` is the account that the bucket belongs to."""
    read_only = name.startswith(("Get", "Head", "List"))
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": caller, "arn": f"arn:aws:iam::{caller}:user/somebody", "userName": "somebody"},
        "eventTime": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "requestParameters": {"bucketName": bucket, "key": key},
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "readOnly": read_only,
        "resources": [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": owner or caller, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ],
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "eventCategory": "Data",
    }
    return record | ({"recipientAccountId": recipient} if recipient else {})


def management_event(name, read_only):
    """Returns a management event of EC2."""
    record = s3_event(ACCOUNT, name, "none", "none", recipient=ACCOUNT)
    del record["resources"]
    changes = {"eventSource": "ec2.amazonaws.com", "requestParameters": {}, "readOnly": read_only}
    return record | changes | {"managementEvent": True, "eventCategory": "Management"}


def s3_selector(value, read_write="All", management=False):
    """Returns a basic selector of data events on S3."""
    resources = [{"Type": "AWS::S3::Object", "Values": [value]}]
    return {"ReadWriteType": read_write, "IncludeManagementEvents": management, "DataResources": resources}


class Story:
    """Trails, each with a bucket of its own, what is pushed in, and what arrives in each bucket."""

    def __init__(self, server, store):
        self.server = server
        self.store = store
        self.made = []
        self.pushed = []

    def trail(self, bucket, selectors, pair=KEY, advanced=False):
        """Makes a trail that delivers into a bucket, and starts it."""
        self.store.make(bucket)
        client = self.server.client(pair=pair)
        arn = client.create_trail(Name=bucket, S3BucketName=bucket, EnableLogFileValidation=True)["TrailARN"]
        members = {"AdvancedEventSelectors" if advanced else "EventSelectors": selectors}
        client.put_event_selectors(TrailName=arn, **members)
        client.start_logging(Name=arn)
        self.made.append((client, arn, bucket))
        return arn

    def push(self, *records):
        """Adds events to the story and returns them."""
        self.pushed.extend(records)
        return list(records)

    def end(self):
        """Lets the events happen, stops the trails, and returns once the last digest of each is there: then everything
        was delivered."""
        self.server.ingest(self.pushed)
        for client, arn, _ in self.made:
            client.stop_logging(Name=arn)
        for _, _, bucket in self.made:
            until(f"the last digest in {bucket}", lambda bucket=bucket: self.is_ended(bucket))

    def is_ended(self, bucket):
        """Returns whether the newest digest of a bucket lies behind all its log files."""
        keys = self.store.keys(bucket)
        digests = [key for key in keys if "/CloudTrail-Digest/" in key]
        named = {file["s3Object"] for key in digests for file in json.loads(gzip.decompress(self.store.read(bucket, key)))["logFiles"]}
        logs = {key for key in keys if "/CloudTrail/" in key}
        return digests and logs <= named

    def delivered(self, bucket):
        """Returns the records in a bucket's log files."""
        keys = [key for key in self.store.keys(bucket) if "/CloudTrail/" in key]
        return [record for key in keys for record in json.loads(gzip.decompress(self.store.read(bucket, key)))["Records"]]

    def expect(self, name, bucket, events):
        """Holds what a bucket has against the events that it should have, each once and as it came."""
        identity = lambda record: record["eventID"]  # The order of records is not promised.
        found = sorted(self.delivered(bucket), key=identity)
        checks.equal(name, found, sorted(events, key=identity))


class Buckets:
    """Buckets of a moto server."""

    def __init__(self, moto):
        self.moto = moto
        self.keys, self.read = moto.keys, moto.read

    def make(self, bucket):
        """Makes a bucket."""
        self.moto.s3.create_bucket(Bucket=bucket)


class Folders:
    """Buckets that are folders below the data folder, which CreateTrail makes."""

    def __init__(self, data):
        self.root = data / "buckets"

    def make(self, bucket):
        """Does nothing: CreateTrail makes it."""

    def keys(self, bucket):
        """Returns the keys of a bucket's objects, sorted."""
        folder = self.root / bucket
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json.gz"))

    def read(self, bucket, key):
        """Returns an object's bytes."""
        return (self.root / bucket / key).read_bytes()


def seed_commands(server, moto):
    """The commands of the guide with the answers that it prints; its misprints aside."""
    moto.s3.create_bucket(Bucket="anybucket")
    region = "us-east-2"
    arn = f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/TrailName"

    def cli(*words):
        text = server.aws("cloudtrail", *words, region=region)[1]
        return json.loads(text) if text.strip() else None

    def basic():
        cli("create-trail", "--name", "TrailName", "--s3-bucket-name", "anybucket")
        default = {"IncludeManagementEvents": True, "DataResources": [], "ReadWriteType": "All"}
        answer = {"EventSelectors": [default], "TrailARN": arn}
        checks.equal("a new trail records management events", cli("get-event-selectors", "--trail-name", "TrailName"), answer)
        values = ["arn:aws:s3:::mybucket/prefix", "arn:aws:s3:::mybucket2/prefix2"]
        resources = [{"Type": "AWS::S3::Object", "Values": values}]
        sent = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": resources}]
        answer = {"EventSelectors": sent, "TrailARN": arn}
        put = cli("put-event-selectors", "--trail-name", "TrailName", "--event-selectors", json.dumps(sent))
        checks.equal("put-event-selectors answers what was put", put, answer)
        checks.equal("and get-event-selectors too", cli("get-event-selectors", "--trail-name", "TrailName"), answer)

    def advanced():
        management = {"Name": "Log readOnly and writeOnly management events"}
        management["FieldSelectors"] = [{"Field": "eventCategory", "Equals": ["Management"]}]
        data = {"Name": "Log PutObject and DeleteObject events for two S3 prefixes"}
        prefixes = ["arn:aws:s3:::mybucket/prefix", "arn:aws:s3:::mybucket2/prefix2"]
        data["FieldSelectors"] = [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "eventName", "Equals": ["PutObject", "DeleteObject"]},
            {"Field": "resources.ARN", "StartsWith": prefixes},
        ]
        whole = {"Name": "S3EventSelector"}
        whole["FieldSelectors"] = data["FieldSelectors"][:2] + [{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::bucket-name/"]}]
        for sent in ([management, data], [whole]):
            answer = {"AdvancedEventSelectors": sent, "TrailARN": arn}
            put = cli("put-event-selectors", "--trail-name", "TrailName", "--advanced-event-selectors", json.dumps(sent))
            checks.equal(f"advanced selectors: {sent[0]['Name']}", put, answer)
            checks.equal("and again", cli("get-event-selectors", "--trail-name", "TrailName"), answer)

    for case in (basic, advanced):
        checks.run(case)


def of_parts(server, store, named):
    """The guide's stories of trails that record a part of the data events."""
    story = Story(server, store)
    # All data events of bucket-1.
    story.trail("story-bucket-1", [s3_selector("arn:aws:s3:::bucket-1/")])
    bucket_1 = story.push(s3_event(ACCOUNT, "PutObject", "bucket-1", "any", recipient=ACCOUNT))
    story.push(s3_event(ACCOUNT, "PutObject", "bucket-2", "any", recipient=ACCOUNT))
    # Write events below bucket-3/my-images.
    story.trail("story-my-images", [s3_selector("arn:aws:s3:::bucket-3/my-images", "WriteOnly")])
    images = story.push(s3_event(ACCOUNT, "DeleteObject", "bucket-3", "my-images/example.jpg", recipient=ACCOUNT))
    story.push(s3_event(ACCOUNT, "DeleteObject", "bucket-3", "my-videos/example.avi", recipient=ACCOUNT))
    story.push(s3_event(ACCOUNT, "GetObject", "bucket-3", "my-images/example.jpg", recipient=ACCOUNT))
    # One bucket, two accounts: James writes, then the owner. The events name no recipient: caller and owner get them.
    story.trail("story-owner", [s3_selector("arn:aws:s3:::owner-bucket/")])
    story.trail("story-james", [s3_selector("arn:aws:s3:::owner-bucket/")], pair=JAMES_KEY)
    of_james = story.push(s3_event(JAMES, "PutObject", "owner-bucket", "from-james", owner=ACCOUNT))
    of_owner = story.push(s3_event(ACCOUNT, "PutObject", "owner-bucket", "from-owner", owner=ACCOUNT))
    story.end()
    expected = {
        "story-bucket-1": bucket_1,
        "story-my-images": images,
        "story-owner": of_james + of_owner,
        "story-james": of_james,
    }
    for bucket, events in expected.items():
        story.expect(f"{named}: {bucket}", bucket, events)
    # An account has room for five trails in a Region.
    for client, arn, _ in story.made:
        client.delete_trail(Name=arn)


def of_everything(server, store, named):
    """The guide's stories of trails that record all of a kind; returns the one that has recorded most."""
    story = Story(server, store)
    # All buckets, three accounts, with and without a recipient: as AWS delivers, an account's copy names it.
    story.trail("story-all-owner", [s3_selector("arn:aws:s3")])
    story.trail("story-all-james", [s3_selector("arn:aws:s3")], pair=JAMES_KEY)
    story.trail("story-all-holly", [s3_selector("arn:aws:s3")], pair=HOLLY_KEY)
    of_james = story.push(s3_event(JAMES, "PutObject", "owner-bucket", "from-james", owner=ACCOUNT))
    of_owner = story.push(s3_event(ACCOUNT, "PutObject", "owner-bucket", "from-owner", owner=ACCOUNT))
    of_holly = story.push(s3_event(HOLLY, "GetObject", "owner-bucket", "for-holly", owner=ACCOUNT))
    copy_of_owner = story.push(s3_event(HOLLY, "GetObject", "owner-bucket", "copy", owner=ACCOUNT, recipient=ACCOUNT))
    copy_of_holly = story.push(s3_event(HOLLY, "GetObject", "owner-bucket", "copy", owner=ACCOUNT, recipient=HOLLY))
    # Reads into one bucket, writes into another.
    for bucket, kind in (("story-read-only", "ReadOnly"), ("story-write-only", "WriteOnly")):
        story.trail(bucket, [s3_selector("arn:aws:s3:::nothing-here/", kind, management=True)])
    reads = story.push(management_event("DescribeInstances", True))
    writes = story.push(management_event("TerminateInstances", False))
    story.end()
    expected = {
        "story-all-owner": of_james + of_owner + of_holly + copy_of_owner,
        "story-all-james": of_james,
        "story-all-holly": of_holly + copy_of_holly,
    }
    for bucket, events in expected.items():
        story.expect(f"{named}: {bucket}", bucket, events)
    # These two record the calls of this script as well, so only the events of the story are looked at.
    for bucket, events in {"story-read-only": reads, "story-write-only": writes}.items():
        found = [record for record in story.delivered(bucket) if record["eventSource"] == "ec2.amazonaws.com"]
        checks.equal(f"{named}: {bucket}", found, events)
    calls = [record for record in story.delivered("story-write-only") if record["eventSource"] == "cloudtrail.amazonaws.com"]
    checks.equal(f"{named}: calls of this API are recorded", "StopLogging" in {call["eventName"] for call in calls}, True)
    return story


def stories(server, store, named):
    """All stories; returns the last one, whose trails are still there."""
    server.add_key(JAMES_KEY, JAMES)
    server.add_key(HOLLY_KEY, HOLLY)
    of_parts(server, store, named)
    return of_everything(server, store, named)


def validation(server, moto, story):
    """The AWS CLI's validator and ours, on what was delivered and after somebody changed it."""
    _, arn, bucket = story.made[-1]
    start = (NOW - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = ["--trail-arn", arn, "--start-time", start, "--end-time", end, "--verbose"]
    store = {"AWS_ENDPOINT_URL_S3": moto.url}
    ours = Trailkeep(given.trailkeep, given.work / "validator", environment=clean_environment() | {
        "AWS_ACCESS_KEY_ID": KEY[0],
        "AWS_SECRET_ACCESS_KEY": KEY[1],
        "AWS_DEFAULT_REGION": REGION,
    } | store)

    def both():
        code, said, complained = server.aws("cloudtrail", "validate-logs", *words, accepted=None, more=store)
        mine = ours.ended("validate-logs", "--endpoint-url", server.url, "--region", REGION, *words)
        return (code, said, complained), mine

    def accepted():
        theirs, mine = both()
        checks.equal("the AWS CLI accepts the chain", (theirs[0], theirs[2]), (0, ""))
        checks.equal("and has seen log files", "log files valid" in theirs[1], True)
        checks.equal("trailkeep says the same", mine, theirs)

    def tampered():
        key = next(key for key in moto.keys(bucket) if "/CloudTrail/" in key)
        records = json.loads(gzip.decompress(moto.read(bucket, key)))
        records["Records"][0]["sourceIPAddress"] = "203.0.113.99"
        moto.s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(json.dumps(records).encode()))
        theirs, mine = both()
        checks.equal("the AWS CLI finds a changed log file", theirs[0], 1)
        line = f"Log file\ts3://{bucket}/{key}\tINVALID: hash value doesn't match"
        checks.equal("and names it", line in theirs[2].splitlines(), True)
        checks.equal("trailkeep says the same of the change", mine, theirs)

    for case in (accepted, tampered):
        checks.run(case)


def side_channels(server, moto):
    """A notice for each log file, each event as a line of CloudWatch Logs, the key that encrypts, and the status of it all."""
    bucket, group = "side-channels", "trail-events"
    moto.s3.create_bucket(Bucket=bucket)
    sns, sqs, logs = moto.client("sns"), moto.client("sqs"), moto.client("logs")
    topic = sns.create_topic(Name="log-files")["TopicArn"]
    queue = sqs.create_queue(QueueName="log-files")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    logs.create_log_group(logGroupName=group)
    key = moto.client("kms").create_key()["KeyMetadata"]["Arn"]
    client = server.client()
    name = "side-channels"
    arn = client.create_trail(
        Name=name,
        S3BucketName=bucket,
        S3KeyPrefix="prefix",
        SnsTopicName=topic,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/logs",
        KmsKeyId=key,
        EnableLogFileValidation=True,
    )["TrailARN"]
    client.put_event_selectors(TrailName=arn, EventSelectors=[s3_selector("arn:aws:s3")])
    client.start_logging(Name=arn)
    events = [s3_event(ACCOUNT, "PutObject", "watched", f"object-{number}", recipient=ACCOUNT) for number in range(20)]
    server.ingest(events)

    def told():
        status = client.get_trail_status(Name=arn)
        return "LatestCloudWatchLogsDeliveryTime" in status and "LatestNotificationTime" in status and status

    status = until("all channels", told)
    errors = [name for name in status if name.endswith("Error") and status[name]]
    checks.equal("the status tells of deliveries, and of no error", ("LatestDeliveryTime" in status, errors), (True, []))
    files = [found for found in moto.keys(bucket) if "/CloudTrail/" in found]
    checks.equal("the prefix stands in front", [found.startswith(f"prefix/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/") for found in files], [True] * len(files))
    head = moto.s3.head_object(Bucket=bucket, Key=files[0])
    checks.equal("the key encrypts", (head.get("ServerSideEncryption"), head.get("SSEKMSKeyId")), ("aws:kms", key))
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    notices = [json.loads(message["Body"]) for message in messages]
    checks.equal("a notice names each file", sorted(found for notice in notices for found in notice["s3ObjectKey"]), files)
    checks.equal("and its bucket", {notice["s3Bucket"] for notice in notices}, {bucket})
    lines = logs.get_log_events(logGroupName=group, logStreamName=f"{ACCOUNT}_CloudTrail_{REGION}", startFromHead=True)["events"]
    by_id = lambda record: record["eventID"]  # The order within a batch is not promised.
    checks.equal("each event is a line", sorted((json.loads(line["message"]) for line in lines), key=by_id), sorted(events, key=by_id))
    client.delete_trail(Name=arn)
    until("the last digest", lambda: any("/CloudTrail-Digest/" in found for found in moto.keys(bucket)))


def in_moto():
    with Moto() as moto, Server(given.trailkeep, given.work / "moto", moto.environment(), SHORT) as server:
        checks.run(lambda: seed_commands(server, moto), "seed_commands")
        checks.run(lambda: side_channels(server, moto), "side_channels")
        story = stories(server, Buckets(moto), "S3")
        validation(server, moto, story)


def in_folders():
    data = given.work / "folders"
    with Server(given.trailkeep, data, clean_environment(), SHORT) as server:
        stories(server, Folders(data), "folder")
        hour = datetime.timedelta(hours=1)
        listed = server.client().list_public_keys(StartTime=NOW - hour, EndTime=NOW + hour)["PublicKeyList"]
    keys = given.work / "keys.json"
    spelled = [{"Fingerprint": key["Fingerprint"], "Value": base64.b64encode(key["Value"]).decode()} for key in listed]
    keys.write_text(json.dumps({"PublicKeyList": spelled}))
    proof = Trailkeep(given.trailkeep, given.work / "proof", environment=clean_environment())
    bucket = data / "buckets" / "story-write-only"

    def proven():
        said = proof.ended("verify", "--output", "json", "--keys", str(keys), str(bucket))
        checks.equal("trailkeep proves a folder", said[0], 0)

    def changed():
        path = next(path for path in bucket.rglob("*.json.gz") if "CloudTrail-Digest" not in path.parts)
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b" "))
        said = proof.ended("verify", "--output", "json", "--keys", str(keys), str(bucket))
        checks.equal("and finds a changed file in it", (said[0], path.name in said[1]), (1, True))

    for case in (proven, changed):
        checks.run(case)


checks.run(in_moto)
checks.run(in_folders)
checks.close()
