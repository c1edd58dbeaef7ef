"""AWS as the peers' tests have it: a moto server, boto3's clients of it, and the environment that points at it."""

import logging
import os

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer


class Moto:
    """A moto server on a free port of the loopback interface, and clients of it."""

    def __enter__(self):
        # A line for each request would bury the checks.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.s3 = self.client("s3")
        return self

    def __exit__(self, *_):
        self.server.stop()

    def client(self, service):
        """Returns boto3's client of a service."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(s3={"addressing_style": "path"}),
        )

    def environment(self):
        """Returns what a user would export: the variables of AWS's own tools, and none of this machine's."""
        return clean_environment() | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
        }

    def keys(self, bucket, prefix=""):
        """Returns the keys of all objects below a prefix, sorted."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def read(self, bucket, key):
        """Returns an object's bytes."""
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def clean_environment():
    """Returns this process's variables without those of AWS's tools, which then find no file of this machine either."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return ours | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
