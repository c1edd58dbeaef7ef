"""Runs moto's CloudTrail tests over HTTP against a CloudTrail endpoint.

Starts a moto server for S3 and SNS, and `route_proxy.py` in front of it and of the endpoint; runs `tests/test_cloudtrail` in
moto's server mode; prints a line for each test, and the counts. Without `--endpoint` the same moto server is behind both
routes, which checks this script itself. Ends with 0 when every chosen test has passed.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_SECONDS_MAX = 60
REASON_CHARACTERS_MAX = 160


def arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moto-src", type=Path, required=True, help="folder of moto's source; its `tests` are used")
    parser.add_argument("--endpoint", help="address of the CloudTrail server under test")
    parser.add_argument("--moto-port", type=int, default=0, help="port of the moto server for the rest (default: any)")
    parser.add_argument("--port", type=int, default=0, help="port of the proxy (default: any)")
    parser.add_argument(
        "--mode",
        choices=["lenient", "aws"],
        default="lenient",
        help="`aws` leaves out the tests that contradict the real service, by `expect.json`",
    )
    parser.add_argument("--verbose", action="store_true", help="print what pytest and the proxy say")
    parser.add_argument("-k", default="", help="passed on to pytest")
    return parser.parse_args()


def free_port():
    """Returns a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Helpers:
    """Programs that run beside the tests and end with them."""

    def __init__(self, environment):
        self.environment = environment
        self.processes = []

    def start(self, command, ready, **streams):
        """Starts one and returns once an address of it answers."""
        process = subprocess.Popen(command, env=self.environment, **streams)
        self.processes.append(process)
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end and process.poll() is None:
            try:
                urllib.request.urlopen(ready, timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{ready} did not come up")

    def end(self):
        """Ends them, the last one first."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def run_tests(given, proxy, left_out, environment):
    """Runs pytest and returns the tests that passed, and those that failed with a reason."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "tests/test_cloudtrail"]
        command += [f"--junitxml={report}", *(f"--deselect=tests/test_cloudtrail/{name}" for name in sorted(left_out))]
        command += ["-k", given.k] if given.k else []
        asked = {
            "TEST_SERVER_MODE": "true",
            "TEST_SERVER_MODE_ENDPOINT": proxy,
            "AWS_ACCESS_KEY_ID": "FOOBARKEY",
            "AWS_SECRET_ACCESS_KEY": "FOOBARSECRET",
        }
        done = subprocess.run(command, cwd=given.moto_src, env=environment | asked, capture_output=True, text=True)
        if given.verbose or done.returncode not in (0, 1):
            print(done.stdout, done.stderr)
        cases = list(ElementTree.parse(report).iter("testcase"))
    passed, failed = [], []
    for case in cases:
        name = f"{case.get('classname').rsplit('.', 1)[-1]}::{case.get('name')}"
        bad = [part for part in case if part.tag in ("failure", "error")]
        if bad:
            failed.append((name, (bad[0].get("message") or "")[:REASON_CHARACTERS_MAX].replace("\n", " ")))
        else:
            passed.append(name)
    return passed, failed


def main():
    """Runs the chosen tests; returns the exit code."""
    given = arguments()
    environment = os.environ | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    expect = json.loads((HERE / "expect.json").read_text())
    left_out = set(expect["not_over_http"]) | (set(expect["contradicts_aws"]) if given.mode == "aws" else set())
    helpers = Helpers(environment)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": None if given.verbose else subprocess.DEVNULL}
    try:
        port = given.moto_port or free_port()
        others = f"http://127.0.0.1:{port}"
        moto = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        helpers.start(moto, f"{others}/moto-api/data.json", **quiet)
        port = given.port or free_port()
        proxy = f"http://127.0.0.1:{port}"
        target = given.endpoint or others
        command = [sys.executable, HERE / "route_proxy.py", "--listen", f"127.0.0.1:{port}"]
        command += ["--cloudtrail", target, "--others", others, "--reset", "api" if given.endpoint else "none"]
        helpers.start(command + (["--verbose"] if given.verbose else []), f"{proxy}/__stats", **quiet)
        passed, failed = run_tests(given, proxy, left_out, environment)
        with urllib.request.urlopen(f"{proxy}/__stats") as answer:
            stats = json.load(answer)
    finally:
        helpers.end()
    for name in passed:
        print("PASS", name)
    for name, reason in failed:
        print("FAIL", name, "|", reason)
    for error, times in stats["errors"].items():
        print("PROXY", error, times)
    print(f"{len(passed)} passed, {len(failed)} failed, {len(left_out)} left out (mode {given.mode})")
    return 0 if passed and not failed and not stats["errors"] else 1


if __name__ == "__main__":
    sys.exit(main())
