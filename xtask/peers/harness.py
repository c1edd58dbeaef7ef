"""What the peers' tests have in common: the binary behind a few calls, and the lines that say how a check came out."""

import argparse
import gzip
import json
import subprocess
import sys
from pathlib import Path

SHOWN_CHARACTERS_MAX = 1_000


def arguments(about):
    """Reads the command line that `cargo xtask test` gives to each script."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--trailkeep", type=Path, required=True, help="the binary under test")
    parser.add_argument("--corpus", type=Path, required=True, help="the generator of log files")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    return parser.parse_args()


class Trailkeep:
    """The binary under test on one data folder."""

    def __init__(self, binary, data, lake=None, environment=None):
        self.start = [str(binary), "--data", str(data)] + (["--lake", lake] if lake else [])
        self.environment = environment

    def run(self, *words, accepted=(0,)):
        """Runs a command to its end and returns its standard output."""
        done = subprocess.run([*self.start, *words], capture_output=True, env=self.environment, timeout=300)
        if done.returncode not in accepted:
            talk = done.stderr.decode(errors="replace")
            raise AssertionError(f"`trailkeep {' '.join(words)}` ended with {done.returncode}: {talk}")
        return done.stdout.decode()

    def ended(self, *words):
        """Runs a command to its end and returns its exit code and what it wrote to both streams."""
        done = subprocess.run([*self.start, *words], capture_output=True, env=self.environment, timeout=300, text=True)
        return done.returncode, done.stdout, done.stderr

    def collect(self, *words, accepted=(0,)):
        """Collects and returns the report."""
        return json.loads(self.run("collect", "--output", "json", *words, accepted=accepted))

    def query(self, sql):
        """Returns the rows of a query, each as a dictionary."""
        return json.loads(self.run("query", "--output", "json", sql))

    def count(self):
        """Returns the number of events, as the binary's own SQL counts them."""
        return self.query("select count(*) as n from events")[0]["n"]


class Checks:
    """The checks of one script: `ok NAME` or `FAILED NAME` for each, and a summary."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, name, found, expected):
        """Compares what was found with what was expected."""
        if found == expected:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAILED {name}: found {shortened(found)}, expected {shortened(expected)}", flush=True)

    def run(self, case, name=None):
        """Runs a function of checks; what it cannot finish counts as one failure, under its name or the one given."""
        try:
            case()
        except Exception as error:  # The next case still runs, and the script ends with a failure.
            self.failed += 1
            print(f"FAILED {name or case.__name__}: {type(error).__name__}: {str(error)[:SHOWN_CHARACTERS_MAX]}", flush=True)

    def close(self):
        """Prints the summary and ends the process."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def shortened(value):
    """Returns a value as one can read it in a line."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + " ..."


def log_file(account, region, time, names):
    """Returns a log file of one event for each name, and the key under which AWS would deliver it.

    `time` is ISO text such as `2026-03-10T12:00:00Z`. The event IDs follow from the rest, so that equal arguments give
    equal bytes.
    """
    events = [event(account, region, time, name) for name in names]
    day, clock = time[:10].split("-"), time[11:16].replace(":", "")
    file = f"{account}_CloudTrail_{region}_{''.join(day)}T{clock}Z_{''.join(names)[:16]:x<16}.json.gz"
    key = f"AWSLogs/{account}/CloudTrail/{region}/{'/'.join(day)}/{file}"
    return key, gzip.compress(json.dumps({"Records": events}).encode(), mtime=0)


def event(account, region, time, name):
    """Returns a small management event."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": account, "arn": f"arn:aws:iam::{account}:user/Alice"},
        "eventTime": time,
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.7",
        "requestParameters": {"filterSet": {}},
        "responseElements": None,
        "eventID": f"{name}-{account}-{region}-{time}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
