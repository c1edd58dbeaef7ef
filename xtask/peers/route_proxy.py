"""Splits one AWS endpoint into two: CloudTrail's calls go to the server under test, all others to a moto server.

A request is CloudTrail's when its `X-Amz-Target` begins with `com.amazonaws.cloudtrail`, when the scope of its signature names
`cloudtrail` or `cloudtrail-data`, or when it is `POST /PutAuditEvents`. The client's own Host goes along, for it is signed.

`POST /moto-api/reset` resets the moto server, and the server under test through its own API: every trail is deleted in each
Region that was called since.
"""

import argparse
import collections
import http.client
import json
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

PREFIX = "com.amazonaws.cloudtrail"
SCOPE = re.compile(r"Credential=([^/,]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
# Headers of one connection, which a proxy does not pass on, and those that it makes itself.
HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade"}
OWN = {"content-length", "expect"}


class Proxy(ThreadingHTTPServer):
    """Both routes, and what was called."""

    daemon_threads = True

    def __init__(self, given):
        self.given = given
        self.lock = threading.Lock()
        self.calls = collections.Counter()
        self.errors = collections.Counter()
        self.regions = set()
        host, port = given.listen.rsplit(":", 1)
        super().__init__((host, int(port)), Handler)

    def count(self, counter, name):
        """Counts a call or an error."""
        with self.lock:
            counter[name] += 1

    def stats(self):
        """Returns the counts."""
        with self.lock:
            return {"calls": dict(sorted(self.calls.items())), "errors": dict(self.errors)}

    def reset(self):
        """Deletes the trails of the server under test."""
        if self.given.reset == "none":
            return
        with self.lock:
            seen = sorted(self.regions)
            self.regions.clear()
        for region in seen:
            pair = {"aws_access_key_id": self.given.access_key, "aws_secret_access_key": self.given.secret_key}
            client = boto3.client("cloudtrail", endpoint_url=self.given.cloudtrail, region_name=region, **pair)
            try:
                for trail in client.describe_trails(includeShadowTrails=False)["trailList"]:
                    client.delete_trail(Name=trail["Name"])
            except Exception as error:  # Whatever it is, the tests that follow cannot be trusted: it is reported.
                self.count(self.errors, f"reset {region}: {error}")


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"

    def scope(self):
        """Returns Region and service that the request is signed for."""
        found = SCOPE.search(self.headers.get("Authorization", ""))
        return (found.group(3), found.group(4)) if found else (None, None)

    def is_cloudtrail(self, service):
        """Returns whether the request is for the server under test."""
        is_put = self.command == "POST" and self.path.split("?")[0] == "/PutAuditEvents"
        return self.headers.get("X-Amz-Target", "").startswith(PREFIX) or service in ("cloudtrail", "cloudtrail-data") or is_put

    def read_body(self):
        """Returns the body, sent with its length or in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def reply(self, status, headers, body):
        """Answers the client."""
        self.send_response_only(status)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        for name, value in headers:
            if name.lower() not in HOP | OWN:
                self.send_header(name, value)
        is_head = self.command == "HEAD"
        self.send_header("Content-Length", lengths[0] if is_head and lengths else str(len(body)))
        self.end_headers()
        if not is_head:
            self.wfile.write(body)

    def handle_one(self):
        """Sends a request where it belongs."""
        proxy, body = self.server, self.read_body()
        if self.path == "/__stats":
            return self.reply(200, [("Content-Type", "application/json")], json.dumps(proxy.stats()).encode())
        if self.path == "/moto-api/reset":
            proxy.reset()
            headers = [("Host", "localhost"), ("Content-Length", "0")]
            return self.reply(*pass_on(proxy.given.others, "POST", self.path, headers, b""))
        region, service = self.scope()
        is_cloudtrail = self.is_cloudtrail(service)
        target = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1] or f"{self.command} {self.path}"
        proxy.count(proxy.calls, f"{'cloudtrail' if is_cloudtrail else 'others'}: {target}")
        if is_cloudtrail and region:
            with proxy.lock:
                proxy.regions.add(region)
        base = proxy.given.cloudtrail if is_cloudtrail else proxy.given.others
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in HOP | OWN]
        if body or self.command in ("POST", "PUT"):
            headers.append(("Content-Length", str(len(body))))
        try:
            status, answered, data = pass_on(base, self.command, self.path, headers, body)
        except OSError as error:
            proxy.count(proxy.errors, f"{base}: {error}")
            status, answered, data = 502, [], json.dumps({"__type": "ServiceUnavailable", "message": str(error)}).encode()
        if proxy.given.verbose:
            sys.stderr.write(f"{'cloudtrail' if is_cloudtrail else 'others'} {region} {target} -> {status}\n")
        return self.reply(status, answered, data)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_one

    def log_message(self, *_):
        """Says nothing: a line for each request would bury the tests."""


def pass_on(base, method, path, headers, body):
    """Sends a request and returns status, headers and body of the answer."""
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def main():
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:5000", help="address to serve on (default %(default)s)")
    parser.add_argument("--cloudtrail", required=True, help="address of the server under test")
    parser.add_argument("--others", required=True, help="address of the moto server")
    parser.add_argument("--reset", choices=["api", "none"], default="api", help="how to reset the server under test")
    parser.add_argument("--access-key", default="FOOBARKEY", help="key that resets (default %(default)s)")
    parser.add_argument("--secret-key", default="FOOBARSECRET", help="its secret (default %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="a line for each request")
    Proxy(parser.parse_args()).serve_forever()


if __name__ == "__main__":
    main()
