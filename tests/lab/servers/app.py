"""A WSGI application: /up/ reads, 201; /large/ reads, 413; /error/ reads, 500; else 403 unread."""
STATUS = {"up": "201 Created", "large": "413 Content Too Large", "error": "500 Internal Server Error"}


def app(environ, start_response):
    what = environ["PATH_INFO"].split("/")[1]
    if what in STATUS:
        environ["wsgi.input"].read()
    start_response(STATUS.get(what, "403 Forbidden"), [("Content-Length", "0")])
    return [b""]
