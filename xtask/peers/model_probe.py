"""Calls every CloudTrail operation once and judges the answer by AWS's own model of the API.

For each operation of botocore's models of cloudtrail and cloudtrail-data a request with only the required members is made, of
values that are made up but well formed. The verdicts:

  ok           success, and every member of the answer has the type that the model gives it
  modeled      an error whose code the model lists for the operation
  known        an error code that the model has, though not for this operation
  UNMODELED    any other error code: unknown operation, internal failure, not JSON
  BAD-SHAPE    success with members that the model does not have, or of another type

Ends with the counts, and with 1 if there is any UNMODELED or BAD-SHAPE.
"""

import argparse
import collections
import datetime
import json
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SERVICES = ("cloudtrail", "cloudtrail-data")
ARN = "arn:aws:cloudtrail:us-east-1:123456789012"
ID = "11111111-2222-3333-4444-555555555555"
# Values of members by name, where one made up from the shape would not be well formed.
GIVEN = {
    "Channel": f"{ARN}:channel/{ID}",
    "DashboardId": "probe-dashboard",
    "EventDataStore": f"{ARN}:eventdatastore/{ID}",
    "EventName": "CreateUser",
    "EventSource": "iam.amazonaws.com",
    "FederationRoleArn": "arn:aws:iam::123456789012:role/probe",
    "InsightSource": f"{ARN}:trail/probe-trail",
    "Name": "probe-trail",
    "QueryStatement": "SELECT 1",
    "ResourceArn": f"{ARN}:channel/{ID}",
    "ResourceId": f"{ARN}:trail/probe-trail",
    "ResourceIdList": [f"{ARN}:trail/probe-trail"],
    "ResourcePolicy": "{}",
    "S3BucketName": "probe-bucket",
    "TrailName": "probe-trail",
    "channelArn": f"{ARN}:channel/{ID}",
    "eventData": "{}",
}
# What a value of each kind of shape is in Python.
KINDS = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "blob": (bytes, str),
    "double": (int, float),
    "float": (int, float),
    "timestamp": datetime.datetime,
}


def sample(shape, name=None):
    """Makes up a value of a shape: of a structure only what is required."""
    if name in GIVEN and isinstance(GIVEN[name], KINDS[shape.type_name]):
        return GIVEN[name]
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        return {member: sample(shape.members[member], member) for member in shape.required_members}
    if kind == "list":
        return [sample(shape.member)] * max(1, limits.get("min", 1))
    if kind == "map":
        return {sample(shape.key): sample(shape.value)}
    if kind == "string":
        return sample_text(shape, limits)
    plain = {"integer": limits.get("min", 1), "long": 1, "boolean": True, "blob": b"x", "double": 1.0, "float": 1.0}
    return plain.get(kind, datetime.datetime(2024, 1, 1))


def sample_text(shape, limits):
    """Makes up a text of a shape."""
    if shape.enum:
        return shape.enum[0]
    if shape.name == "UUID":
        return ID
    if "\\d" in limits.get("pattern", ""):
        return "123456789012"
    return "probe-value"[: limits.get("max", 11)].ljust(limits.get("min", 0), "x")


def faults(shape, value, path):
    """Yields what is wrong with a value, by its shape."""
    if value is None:
        return
    kind = shape.type_name
    if not isinstance(value, KINDS[kind]) or (kind in ("integer", "long") and isinstance(value, bool)):
        yield f"{path}: {type(value).__name__}, the model says {kind}"
    elif kind == "structure":
        yield from (f"{path}.{name}: missing" for name in shape.required_members if name not in value)
        for name in value.keys() & shape.members.keys():
            yield from faults(shape.members[name], value[name], f"{path}.{name}")
    elif kind == "list":
        for at, member in enumerate(value):
            yield from faults(shape.member, member, f"{path}[{at}]")
    elif kind == "map":
        for name, member in value.items():
            yield from faults(shape.value, member, f"{path}.{name}")
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is not one of {shape.enum}"


def unknown_members(shape, raw):
    """Yields the members of an answer's JSON that the model does not have; botocore drops them in silence."""
    if shape is None:
        return
    if shape.type_name == "structure" and isinstance(raw, dict):
        for name, value in raw.items():
            if name not in shape.members:
                yield f"unknown member {name}"
            else:
                yield from unknown_members(shape.members[name], value)
    elif shape.type_name == "list" and isinstance(raw, list):
        for value in raw:
            yield from unknown_members(shape.member, value)


class Probe:
    """The operations of one service at an endpoint."""

    def __init__(self, session, service, given):
        self.model = session.get_service_model(service)
        config = Config(retries={"total_max_attempts": 1}, read_timeout=20, inject_host_prefix=False)
        self.client = session.create_client(service, region_name=given.region, endpoint_url=given.endpoint, config=config)
        self.body = b""
        self.client.meta.events.register("before-parse.*.*", self.keep_body)
        shapes = [self.model.shape_for(name) for name in self.model.shape_names]
        self.codes = {shape.name for shape in shapes if shape.metadata.get("exception")}

    def keep_body(self, response_dict, **_):
        """Keeps the bytes of an answer before botocore reads them."""
        self.body = response_dict["body"]

    def judge(self, name):
        """Calls an operation; returns the verdict and the reason for it."""
        operation = self.model.operation_model(name)
        try:
            answer = self.client._make_api_call(name, sample(operation.input_shape) if operation.input_shape else {})
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            listed = {shape.name for shape in operation.error_shapes}
            verdict = "modeled" if code in listed else "known" if code in self.codes else "UNMODELED"
            return verdict, f"{code}: {' '.join(message.split())}"
        except BotoCoreError as error:
            return "UNMODELED", str(error)
        answer.pop("ResponseMetadata", None)
        bad = list(faults(operation.output_shape, answer, name)) if operation.output_shape else []
        try:
            bad += unknown_members(operation.output_shape, json.loads(self.body or b"{}"))
        except ValueError:
            bad.append("the body is not JSON")
        return ("BAD-SHAPE" if bad else "ok"), "; ".join(bad)


def main():
    """Judges every operation; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint", help="address of the server under test")
    parser.add_argument("--region", default="us-east-1", help="Region to call (default %(default)s)")
    parser.add_argument("--access-key", default="FOOBARKEY", help="key to sign with (default %(default)s)")
    parser.add_argument("--secret-key", default="FOOBARSECRET", help="its secret (default %(default)s)")
    given = parser.parse_args()
    session = botocore.session.get_session()
    session.set_credentials(given.access_key, given.secret_key)
    counts = collections.Counter()
    for service in SERVICES:
        probe = Probe(session, service, given)
        for name in probe.model.operation_names:
            verdict, reason = probe.judge(name)
            counts[verdict] += 1
            print(f"{verdict:10} {service}:{name:42} {reason[:150]}".rstrip())
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return 1 if counts["UNMODELED"] or counts["BAD-SHAPE"] else 0


if __name__ == "__main__":
    sys.exit(main())
