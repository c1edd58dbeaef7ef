"""Digest validation next to the AWS CLI's own: the same chain, the same endpoints, the same words.

The corpus's signed digests go to a moto server with their metadata; a few lines of HTTP answer for CloudTrail and for AWS
Organizations. With `--measure` both are timed instead of compared, and ours on the folder as well.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from harness import Checks

REGION = "us-east-1"
ACCOUNT = "444455556666"
ARN = f"arn:aws:cloudtrail:{REGION}:111122223333:trail/organization-trail"
BUCKET = "meridian-organization-trail"
ORGANIZATION = "o-exampleorgid"


def arguments():
    """Reads the command line of `cargo xtask test` and of `cargo xtask bench verify`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trailkeep", type=Path, required=True, help="the binary under test")
    parser.add_argument("--corpus", type=Path, required=True, help="the generator of log files")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--measure", action="store_true", help="print a line of JSON with times instead of checks")
    parser.add_argument("--bytes", default="3MB", help="size of the corpus")
    parser.add_argument("--seed", default="7", help="seed of the corpus")
    parser.add_argument("--log-files", type=int, default=2_000, help="with --measure: how many log files")
    return parser.parse_args()


class Services(ThreadingHTTPServer):
    """Answers for CloudTrail and AWS Organizations."""

    def __init__(self, keys):
        trail = {"Name": "organization-trail", "TrailARN": ARN, "S3BucketName": BUCKET, "HomeRegion": REGION}
        self.answers = {
            "ListPublicKeys": keys,
            "DescribeTrails": {"trailList": [trail | {"IsOrganizationTrail": True}]},
            "DescribeOrganization": {"Organization": {"Id": ORGANIZATION}},
        }
        super().__init__(("127.0.0.1", 0), Answer)
        Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    """One request in AWS's JSON protocol."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
        answer = self.server.answers.get(operation)
        body = json.dumps(answer or {"__type": "UnsupportedOperationException"}).encode()
        self.send_response(200 if answer else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing: a line for each request would bury the checks."""


class Store:
    """A moto server on a free port of the loopback interface, as S3."""

    def __enter__(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        login = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        style = Config(s3={"addressing_style": "path"}, max_pool_connections=8)
        self.s3 = boto3.client("s3", endpoint_url=self.url, region_name=REGION, config=style, **login)
        self.s3.create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_):
        self.server.stop()

    def put(self, bucket, objects, metadata):
        """Puts files where the digests say they are, digests with their signatures."""

        def put(path):
            key = path.relative_to(bucket).as_posix()
            described = metadata.get(f"{BUCKET}/{key}", {})
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes(), Metadata=described)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put, objects))


class Party:
    """A validator, by its command line."""

    def __init__(self, name, words, environment):
        self.name = name
        self.words = [str(word) for word in words]
        self.environment = environment

    def run(self, *more):
        """Runs it and returns its exit status and what it said on both streams."""
        done = subprocess.run([*self.words, *more], env=self.environment, capture_output=True, text=True, timeout=600)
        return done.returncode, done.stdout, done.stderr

    def measure(self, *more):
        """Runs it and returns what it used: seconds by the clock and on a processor, and bytes of memory at most."""
        start = time.monotonic()
        with subprocess.Popen([*self.words, *more], env=self.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as process:
            peak = Peak(process.pid)
            talk = process.stderr.read().decode(errors="replace")
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise AssertionError(f"{self.name} ended with {process.returncode}: {talk}")
        return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_bytes": peak.bytes}


class Peak:
    """The largest resident memory of a process, looked at while it runs: what the system counts at its end begins with the
    memory of this script, from which the process was forked."""

    def __init__(self, pid):
        self.path = Path(f"/proc/{pid}/status")
        self.bytes = 0
        Thread(target=self.follow, daemon=True).start()

    def follow(self):
        """Looks again and again until the process is gone."""
        while True:
            try:
                status = self.path.read_text()
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self.bytes = int(line.split()[1]) * 1024
            time.sleep(0.02)


def generate(given, *more):
    """Generates the corpus and returns its bucket, one chain's objects, and the metadata of digests."""
    bucket = given.work / "bucket"
    flags = ["--bytes", given.bytes, "--seed", given.seed, "--digests", given.work, *more]
    subprocess.run([given.corpus, bucket, *flags], check=True, stdout=subprocess.DEVNULL)
    account = bucket / "AWSLogs" / ORGANIZATION / ACCOUNT
    objects = [path for kind in ("CloudTrail", "CloudTrail-Digest") for path in (account / kind / REGION).rglob("*.gz")]
    return bucket, sorted(objects), json.loads((given.work / "metadata.json").read_text())


def parties(given, store, services):
    """Returns the AWS CLI and ours, in the same environment."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = foreign | {
        "AWS_ENDPOINT_URL_S3": store.url,
        "AWS_ENDPOINT_URL_ORGANIZATIONS": services.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    words = ["validate-logs", "--endpoint-url", services.url, "--region", REGION, "--trail-arn", ARN, "--account-id", ACCOUNT]
    aws = Path(sys.executable).with_name("aws")
    return Party("the AWS CLI", [aws, "cloudtrail", *words], environment), Party("trailkeep", [given.trailkeep, *words], environment)


def compare(given, checks):
    """Holds our words against the AWS CLI's, on a chain that somebody has tampered with."""
    bucket, objects, metadata = generate(given, "--tampered")
    with Store() as store:
        store.put(bucket, objects, metadata)
        services = Services(json.loads((given.work / "keys.json").read_text()))
        theirs, ours = parties(given, store, services)
        times = {
            "the whole chain": ["--start-time", "2026-03-01", "--end-time", "2026-04-01"],
            "two hours": ["--start-time", "2026-03-02T10:00:00Z", "--end-time", "March 2 2026 12:00"],
            "before the first digest": ["--start-time", "2025-01-01", "--end-time", "2025-02-01"],
            "the wrong way round": ["--start-time", "2026-04-01", "--end-time", "2026-03-01"],
            "no time": ["--start-time", "someday"],
        }
        for name, words in times.items():
            for more in ([], ["--verbose"]):
                checks.equal(f"{name} {' '.join(more)}".strip(), ours.run(*words, *more), theirs.run(*words, *more))


def measure(given):
    """Times both on one chain of a few thousand log files, and ours on the folder it comes from."""
    bucket, objects, metadata = generate(given)
    logs = [path for path in objects if "CloudTrail-Digest" not in path.parts]
    days = sorted({path.parts[-4:-1] for path in logs})
    counted, last = 0, days[-1]
    for day in days:
        counted += sum(path.parts[-4:-1] == day for path in logs)
        if counted >= given.log_files:
            last = day
            break
    end = f"{'-'.join(last)}T23:59:59Z"
    copy = given.work / "copy"
    chosen = [path for path in objects if path.parts[-4:-1] <= last]
    for path in chosen:
        target = copy / path.relative_to(bucket)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    saved = {name: described for name, described in metadata.items() if (copy / name.split("/", 1)[1]).exists()}
    signatures = given.work / "metadata-of-copy.json"
    signatures.write_text(json.dumps(saved))
    with Store() as store:
        store.put(bucket, objects, metadata)
        services = Services(json.loads((given.work / "keys.json").read_text()))
        theirs, ours = parties(given, store, services)
        words = ["--start-time", "2026-03-01", "--end-time", end]
        report = {
            "log_files": sum("CloudTrail-Digest" not in path.parts for path in chosen),
            "digests": sum("CloudTrail-Digest" in path.parts for path in chosen),
            "bytes": sum(path.stat().st_size for path in chosen),
            "summary": ours.run(*words)[1].strip().splitlines()[-2:],
            "aws": theirs.measure(*words),
            "endpoint": ours.measure(*words),
        }
        folder = ["verify", copy, "--keys", given.work / "keys.json", "--metadata", signatures]
        until = ["--until", f"{'-'.join(last)}T23:00:00Z"]
        report["folder"] = Party("trailkeep", [given.trailkeep, *folder, *until], ours.environment).measure()
    print(json.dumps(report))


given = arguments()
if given.measure:
    measure(given)
else:
    checks = Checks()
    checks.run(lambda: compare(given, checks))
    checks.close()
