#!/usr/bin/python3
"""Uploads with Python's clients: put.py CLIENT URL BYTES [SECONDS].

CLIENT: http.client (Expect by hand; never waits), slow (the same, the content in pieces 0.1 s
apart), aiohttp (waits until SECONDS are over), aiohttp10 (HTTP/1.0), s3 (botocore's put_object, which
sends Expect by itself), soup (libsoup 2).
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


def soup(url, content):
    import gi

    gi.require_version("Soup", "2.4")
    from gi.repository import Soup

    message = Soup.Message.new("PUT", url)
    message.request_headers.append("Expect", "100-continue")
    message.set_request("text/plain", Soup.MemoryUse.COPY, content)
    return Soup.Session(timeout=10, user_agent="lab ").send_message(message)


def main():
    client, url, content = sys.argv[1], sys.argv[2], b"u" * int(sys.argv[3])
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 20
    start = time.monotonic()
    try:
        if client.startswith("aiohttp"):
            status = aiohttp_client(url, content, seconds, client == "aiohttp10")
        elif client == "s3":
            status = s3(url, content)
        elif client == "soup":
            status = soup(url, content)
        else:
            status = http_client(url, content, client == "slow")
        print("CODE", int(status))
    except Exception as e:  # whatever it is, it is what happened
        print("CODE 000", type(e).__name__, e)
    print(f"TIME {time.monotonic() - start:.3f}")


main()
