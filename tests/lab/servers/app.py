"""A WSGI application: /up/ reads, 201; /large/ reads, 413; /error/ reads, 500; /think/ pauses 0.6 s,
then reads, 201; /interim/ reads, and takes 100 for a status with content; else 403 unread."""
import time

STATUS = {"up": "201 Created", "think": "201 Created", "large": "413 Content Too Large",
          "error": "500 Internal Server Error", "interim": "100 Continue"}


def app(environ, start_response):
    what = environ["PATH_INFO"].split("/")[1]
    if what == "think":
        time.sleep(0.6)
    if what in STATUS:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    content = b"go on" if what == "interim" else b""
    start_response(STATUS.get(what, "403 Forbidden"), [("Content-Length", str(len(content)))])
    return [content]


application = app  # uWSGI's word for it
