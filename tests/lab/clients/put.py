#!/usr/bin/python3
"""Uploads with Python's clients: put.py CLIENT URL BYTES [SECONDS].

CLIENT: http.client (Expect by hand; never waits), slow (the same, the content in pieces 0.1 s
apart), urllib, requests, urllib3 (which stand on it), aiohttp (waits until SECONDS are over),
aiohttp10 (HTTP/1.0), s3 (botocore's put_object, which sends Expect by itself), boto2 (likewise),
soup and soup3 (libsoup 2 and 3).
Prints "CODE status" (000 and the error where there was none) and "TIME seconds".
"""
import sys
import time
import urllib.parse


def http_client(url, content, slow=False):
    import http.client

    where = urllib.parse.urlsplit(url)
    c = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    fields = {"Expect": "100-continue", "User-Agent": "Python-http.client", "Content-Length": str(len(content))}

    def pieces():
        for at in range(0, len(content), 1000):
            yield content[at : at + 1000]
            time.sleep(0.1)

    c.request("PUT", where.path, pieces() if slow else content, fields)
    return c.getresponse().status


def urllib_client(url, content):
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, content, {"Expect": "100-continue"}, method="PUT")
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as e:
        return e.code


def requests_client(url, content):
    import requests

    return requests.put(url, content, headers={"Expect": "100-continue"}, timeout=20).status_code


def urllib3_client(url, content):
    import urllib3

    return urllib3.PoolManager().request("PUT", url, body=content, headers={"Expect": "100-continue"},
                                         timeout=20).status


def aiohttp_client(url, content, seconds, old=False):
    import asyncio

    import aiohttp

    async def run():
        version = aiohttp.HttpVersion10 if old else aiohttp.HttpVersion11
        limit = aiohttp.ClientTimeout(total=seconds)
        async with aiohttp.ClientSession(version=version, timeout=limit) as session:
            async with session.put(url, data=content, expect100=True) as answer:
                await answer.read()
                return answer.status

    return asyncio.run(run())


def s3(url, content):
    import botocore.config
    import botocore.exceptions
    import botocore.session

    where = urllib.parse.urlsplit(url)
    bucket, key = where.path.lstrip("/").split("/", 1)
    config = botocore.config.Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=20)
    client = botocore.session.get_session().create_client(
        "s3", region_name="us-east-1", endpoint_url=f"{where.scheme}://{where.netloc}",
        aws_access_key_id="lab", aws_secret_access_key="lab", config=config)
    try:
        answer = client.put_object(Bucket=bucket, Key=key, Body=content)
    except botocore.exceptions.ClientError as e:
        answer = e.response
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def boto2(url, content):
    import boto.s3.connection

    where = urllib.parse.urlsplit(url)
    bucket, key = where.path.lstrip("/").split("/", 1)
    connection = boto.s3.connection.S3Connection(
        "lab", "lab", host=where.hostname, port=where.port, is_secure=False,
        calling_format=boto.s3.connection.OrdinaryCallingFormat())
    connection.num_retries = 0
    connection.get_bucket(bucket, validate=False).new_key(key).set_contents_from_string(content)
    return 200


def soup(url, content):
    import gi

    gi.require_version("Soup", "2.4")
    from gi.repository import Soup

    message = Soup.Message.new("PUT", url)
    message.request_headers.append("Expect", "100-continue")
    message.set_request("text/plain", Soup.MemoryUse.COPY, content)
    return Soup.Session(timeout=10, user_agent="lab ").send_message(message)


def soup3(url, content, seconds):
    import gi

    gi.require_version("Soup", "3.0")
    from gi.repository import GLib, Soup

    message = Soup.Message.new("PUT", url)
    message.get_request_headers().set_expectations(Soup.Expectation.CONTINUE)
    message.set_request_body_from_bytes("text/plain", GLib.Bytes.new(content))
    Soup.Session(timeout=int(seconds), user_agent="lab ").send_and_read(message, None)
    return message.get_status()


CLIENTS = {
    "http.client": lambda url, content, seconds: http_client(url, content),
    "slow": lambda url, content, seconds: http_client(url, content, slow=True),
    "urllib": lambda url, content, seconds: urllib_client(url, content),
    "requests": lambda url, content, seconds: requests_client(url, content),
    "urllib3": lambda url, content, seconds: urllib3_client(url, content),
    "aiohttp": aiohttp_client,
    "aiohttp10": lambda url, content, seconds: aiohttp_client(url, content, seconds, old=True),
    "s3": lambda url, content, seconds: s3(url, content),
    "boto2": lambda url, content, seconds: boto2(url, content),
    "soup": lambda url, content, seconds: soup(url, content),
    "soup3": soup3,
}


def main():
    client, url, content = sys.argv[1], sys.argv[2], b"u" * int(sys.argv[3])
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 20
    start = time.monotonic()
    try:
        print("CODE", int(CLIENTS[client](url, content, seconds)))
    except Exception as e:  # whatever it is, it is what happened
        print("CODE 000", type(e).__name__, e)
    print(f"TIME {time.monotonic() - start:.3f}")


main()
