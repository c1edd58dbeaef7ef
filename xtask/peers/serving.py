"""A running `trailkeep serve` with boto3 clients of it and the AWS CLI pointed at it."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from aws import clean_environment
from harness import Trailkeep

ACCOUNT = "123456789012"
REGION = "us-east-1"
# The pair that moto's tests sign with.
KEY = ("FOOBARKEY", "FOOBARSECRET")

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
LOOK_SECONDS = 0.05
# Calls of the API are events as well: to ask more often would fill the lake with the asking.
ASK_SECONDS = 0.25
SHOWN_CHARACTERS_MAX = 2_000


class Server:
    """`trailkeep serve` on a free port of the loopback interface, from `start` to `stop` or `kill`."""

    def __init__(self, binary, data, environment=None, words=()):
        self.binary = binary
        self.data = Path(data)
        self.environment = environment or clean_environment()
        self.words = list(words)
        self.process = None
        self.url = None
        self.log = self.data.with_name(f"{self.data.name}.log")
        self.log.write_bytes(b"")
        self.door = Trailkeep(binary, data, environment=self.environment)

    def __enter__(self):
        self.add_key(KEY, ACCOUNT)
        self.start()
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()

    def add_key(self, pair, account, role="admin", scope="account"):
        """Lets the server know a key; it may be running."""
        named = ["--access-key-id", pair[0], "--secret-access-key", pair[1], "--account", account]
        self.door.run("keys", "add", *named, "--role", role, "--scope", scope)

    def start(self, failpoint=None):
        """Starts it and returns once it answers; the port is another each time. With a failpoint it ends at that step."""
        command = [self.binary, "--data", self.data, "serve", "--listen", "127.0.0.1:0", *self.words]
        armed = {"TRAILKEEP_FAILPOINT": failpoint} if failpoint else {}
        at = self.log.stat().st_size
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment | armed)
        end = time.monotonic() + START_SECONDS_MAX
        said = ""
        while time.monotonic() < end and (failpoint or self.process.poll() is None):
            said = self.log.read_bytes()[at:].decode(errors="replace")
            _, found, rest = said.partition("on http://")
            if found and ";" in rest:
                self.url = "http://" + rest.partition(";")[0]
                if not failpoint:
                    urllib.request.urlopen(f"{self.url}/healthz", timeout=START_SECONDS_MAX).close()
                return self
            if self.process.poll() is not None:
                # It has reached the failpoint before it said where it listens.
                return self
            time.sleep(LOOK_SECONDS)
        self.process.kill()
        raise AssertionError(f"`trailkeep serve` did not come up: {said[-SHOWN_CHARACTERS_MAX:]}")

    def stop(self):
        """Asks it to end and waits until it has; a bad end is an error."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS_MAX)
        self.process = None
        if status != 0:
            raise AssertionError(f"`trailkeep serve` ended with {status}: {self.said()}")

    def died(self):
        """Waits until it has ended on its own, as it does at a failpoint."""
        self.process.wait(STOP_SECONDS_MAX)
        self.process = None

    def kill(self):
        """Ends it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)
        self.process = None

    def said(self):
        """Returns the last of what it printed."""
        return self.log.read_text(errors="replace")[-SHOWN_CHARACTERS_MAX:]

    def client(self, service="cloudtrail", region=REGION, pair=KEY, token=None, url=None, attempts=1):
        """Returns a client that asks once, unless told otherwise: a second try would hide the first answer."""
        return boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name=region,
            aws_access_key_id=pair[0],
            aws_secret_access_key=pair[1],
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": attempts}, read_timeout=STOP_SECONDS_MAX, inject_host_prefix=False),
        )

    def post(self, path, body, service="cloudtrail-data", headers=None, pair=KEY):
        """Sends a signed request that no client has a method for; returns the status and the bytes of the answer."""
        request = AWSRequest("POST", self.url + path, data=body, headers=headers or {})
        SigV4Auth(Credentials(*pair), service, REGION).add_auth(request)
        try:
            sent = urllib.request.Request(request.url, data=body, headers=dict(request.headers), method="POST")
            with urllib.request.urlopen(sent, timeout=STOP_SECONDS_MAX) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def ingest(self, records, pair=KEY):
        """Pushes records in, a line each; they are stored when this returns."""
        body = "".join(json.dumps(record) + "\n" for record in records).encode()
        status, answer = self.post("/ingest", body, pair=pair)
        if status != 200 or json.loads(answer).get("rejects"):
            raise AssertionError(f"`/ingest` answered {status}: {answer.decode(errors='replace')}")
        return json.loads(answer)

    def aws(self, *words, accepted=(0,), region=REGION, more=None):
        """Runs the AWS CLI against it and returns the exit code, its standard output and its standard error."""
        program = Path(sys.executable).with_name("aws")
        named = {"AWS_ACCESS_KEY_ID": KEY[0], "AWS_SECRET_ACCESS_KEY": KEY[1], "AWS_DEFAULT_REGION": region}
        environment = clean_environment() | named | (more or {})
        command = [program, "--endpoint-url", self.url, "--output", "json", *words]
        done = subprocess.run(command, capture_output=True, env=environment, timeout=300, text=True)
        if accepted is not None and done.returncode not in accepted:
            raise AssertionError(f"`aws {' '.join(words)}` ended with {done.returncode}: {done.stderr}")
        return done.returncode, done.stdout, done.stderr


def until(what, attempt, seconds=60, every=ASK_SECONDS):
    """Asks again and again until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = attempt()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not after {seconds} s")
        time.sleep(every)


def code_of(call, *positional, **members):
    """Makes a call and returns the code of the error it ends in; none if it succeeds."""
    try:
        call(*positional, **members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def run_query(client, statement, **members):
    """Runs a query of CloudTrail Lake to its end; returns its id and its rows as dictionaries."""
    query = client.start_query(QueryStatement=statement, **members)["QueryId"]
    final = ("FINISHED", "FAILED", "CANCELLED", "TIMED_OUT")
    status = until(statement, lambda: (answer := client.describe_query(QueryId=query))["QueryStatus"] in final and answer)
    if status["QueryStatus"] != "FINISHED":
        raise AssertionError(f"`{statement}` ended {status['QueryStatus']}: {status.get('ErrorMessage')}")
    rows, members = [], {"QueryId": query}
    while True:
        page = client.get_query_results(**members)
        rows += [{name: value for cell in row for name, value in cell.items()} for row in page["QueryResultRows"]]
        if "NextToken" not in page:
            return query, rows
        members["NextToken"] = page["NextToken"]
