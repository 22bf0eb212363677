#!/usr/bin/python3
"""serve.py WHICH ADDRESS PORT: aiohttp (417 by its expect_handler under /refused/), wsgiref (an
HTTP/1.0 server that knows no Expect), or library (http.server that refuses Expect under /refused/ by
handle_expect_100)."""
import http.server
import sys
import wsgiref.simple_server

which, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


def run_aiohttp():
    from aiohttp import web

    async def expectation(request):
        if request.path.startswith("/refused/"):
            raise web.HTTPExpectationFailed(text="not here\n")
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def upload(request):
        await request.read()
        return web.Response(status=403 if request.path.startswith("/after/") else 201)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", upload, expect_handler=expectation)
    web.run_app(app, host=address, port=port, print=None)


def run_wsgiref():
    def app(environ, start_response):
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("201 Created", [("Content-Length", "0")])
        return [b""]

    wsgiref.simple_server.make_server(address, port, app).serve_forever()


class Refusing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_expect_100(self):
        if not self.path.startswith("/refused/"):
            return super().handle_expect_100()
        self.send_response(417)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()


if which == "aiohttp":
    run_aiohttp()
elif which == "wsgiref":
    run_wsgiref()
else:
    http.server.ThreadingHTTPServer((address, port), Refusing).serve_forever()
