"""A small web server for the tests of downloads: serve.py BYTES_FILE LOG. Prints its port; ends at /quit or after 60 s.

/ranged continues where asked, /whole always sends everything, /cut breaks off halfway, /error answers 503, /moved leads
to /ranged, /long sends a byte more. Anything else (a proxy's full address) is answered as /whole.
"""
import http.server
import os
import sys
import threading

data = open(sys.argv[1], "rb").read()
log = open(sys.argv[2], "w", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range", "")
        log.write(self.path + " " + asked + "\n")
        if self.path == "/quit":
            self.send_response(200)
            self.end_headers()
            os._exit(0)
        if self.path == "/error":
            self.send_error(503)
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/ranged")
            self.end_headers()
            return
        start = int(asked.split("=")[1].rstrip("-")) if asked and self.path == "/ranged" else 0
        if start and start >= len(data):
            self.send_error(416)
            return
        body = data[start:] + (b"x" if self.path == "/long" else b"")
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Timer(60, os._exit, [1]).start()
print(server.server_port, flush=True)
server.serve_forever()
