"""Two judges that are not ours: moto's own tests of CloudTrail over HTTP, and AWS's model of the API."""

import subprocess
import sys
from pathlib import Path

from aws import Moto, clean_environment
from harness import Checks, arguments
from run_moto_suite import free_port
from serving import Server

HERE = Path(__file__).resolve().parent
# The set-up puts moto's tests beside the environment's programs.
MOTO = Path(sys.prefix) / "moto"
# Of moto's 43 tests over HTTP those that do not contradict the real service: `expect.json` names the others with reasons.
TESTS = 27
OPERATIONS = 61

given = arguments(__doc__)
checks = Checks()


def run(script, *words):
    """Runs one of the scripts beside this one and returns the lines that it prints."""
    done = subprocess.run([sys.executable, HERE / script, *words], capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1):
        raise AssertionError(f"`{script}` ended with {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


def moto_suite():
    # The server asks the tests' own moto server for buckets and topics, so its port is known before it is there.
    port = free_port()
    others = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }
    # Each of their calls that changes something waits for a commit.
    quick = ["--commit-interval", "20ms"]
    with Server(given.trailkeep, given.work / "moto", clean_environment() | others, quick) as server:
        words = ["--moto-src", MOTO, "--endpoint", server.url, "--moto-port", str(port), "--mode", "aws"]
        lines = run("run_moto_suite.py", *words)
    bad = [line for line in lines if line.startswith(("FAIL", "PROXY"))]
    checks.equal("moto's tests that fail", bad, [])
    checks.equal("moto's tests that pass", sum(line.startswith("PASS") for line in lines), TESTS)


def model_probe():
    with Moto() as moto, Server(given.trailkeep, given.work / "model", moto.environment()) as server:
        lines = run("model_probe.py", server.url)
    judged = [line for line in lines if ":" in line]
    bad = [line for line in judged if line.startswith(("UNMODELED", "BAD-SHAPE"))]
    checks.equal("answers that AWS's model does not know", bad, [])
    checks.equal("operations that were asked", len(judged), OPERATIONS)


checks.run(moto_suite)
checks.run(model_probe)
checks.close()
