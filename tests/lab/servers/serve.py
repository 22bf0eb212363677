#!/usr/bin/python3
"""serve.py WHICH ADDRESS PORT: aiohttp (417 by an expect_handler under /refused/, 403 and aiohttp's
own expect_handler under /plain/), wsgiref (an HTTP/1.0 server that knows no Expect), library
(http.server that refuses Expect under /refused/ by handle_expect_100), plain (http.server as it is,
with HTTP/1.0); cheroot, waitress, werkzeug (with app.py); tornado, twisted (/up/ 201, else 403);
uvicorn (/up/ reads, /think/ pauses first, else 403 unread)."""
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
    async def refuse(request):
        return web.Response(status=403)

    app.router.add_route("*", "/plain/{tail:.*}", refuse)
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


class Plain(http.server.SimpleHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()


def run_library():
    http.server.ThreadingHTTPServer((address, port), Refusing).serve_forever()


def run_plain():
    http.server.ThreadingHTTPServer((address, port), Plain).serve_forever()


def run_cheroot():
    from app import app
    from cheroot.wsgi import Server

    server = Server((address, port), app)
    server.max_request_body_size = 100000
    server.start()


def run_waitress():
    import waitress
    from app import app

    waitress.serve(app, host=address, port=port)


def run_werkzeug():
    import werkzeug.serving
    from app import app

    werkzeug.serving.run_simple(address, port, app, threaded=True)


def run_tornado():
    import tornado.ioloop
    import tornado.web

    class Upload(tornado.web.RequestHandler):
        def prepare(self):
            if self.request.path.startswith("/finished/"):
                self.set_status(403)
                self.finish()

        def put(self):
            self.set_status(201 if self.request.path.startswith("/up/") else 403)

    @tornado.web.stream_request_body  # prepare() then runs with the head
    class Streamed(Upload):
        def data_received(self, chunk):
            pass

    tornado.web.Application([("/finished/.*", Streamed), (".*", Upload)]).listen(port, address)
    tornado.ioloop.IOLoop.current().start()


def run_twisted():
    from twisted.internet import reactor
    from twisted.web import resource, server

    class Upload(resource.Resource):
        isLeaf = True

        def render_PUT(self, request):
            request.setResponseCode(201 if request.path.startswith(b"/up/") else 403)
            return b""

    reactor.listenTCP(port, server.Site(Upload()), interface=address)
    reactor.run()


def run_uvicorn():
    import asyncio

    import uvicorn

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        what = scope["path"].split("/")[1]
        if what == "think":
            await asyncio.sleep(0.6)
        if what in ("up", "think"):
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": 201 if what in ("up", "think") else 403,
                    "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(app, host=address, port=port, log_level="warning", lifespan="off")


globals()[f"run_{which}"]()
