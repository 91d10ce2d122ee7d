"""A real browser, and a page of another origin for it: the page's script runs there and reports back."""

import json
import queue
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHROMIUM = shutil.which("chromium")

PAGE = """<!doctype html><meta charset="utf-8"><script>
const input = %s;
const attempt = async (make) => { try { return await make() } catch (error) { return String(error) } };
const told = async (answer) => ({ status: answer.status, etag: answer.headers.get("etag"),
    server: answer.headers.get("x-amz-request-id"), text: await answer.text() });
(async () => {
    const results = {};
    %s
    await fetch("/results", { method: "POST", body: JSON.stringify(results) });
})();
</script>
"""


class Page:
    """A page on an origin of its own, on loopback: `script` fills `results`, which `run` returns."""

    def __init__(self):
        self.results: queue.Queue[dict] = queue.Queue()
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the name that the library asks for
                self.answer(page.html.encode(), "text/html")

            def do_POST(self):  # noqa: N802
                page.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(b"", "text/plain")

            def answer(self, body: bytes, kind: str):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, profile: Path, script: str, **given) -> dict:
        self.html = PAGE % (json.dumps(given), script)
        # The certificate is of an authority that only the tests know; no display, no sandbox in containers.
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        options += ["--ignore-certificate-errors", "--disable-background-networking", f"--user-data-dir={profile}"]
        options += ["--remote-debugging-port=0"]  # keeps it running until it is ended
        with (profile.parent / "browser.log").open("wb") as log:
            browser = subprocess.Popen([CHROMIUM, *options, self.origin], stdout=log, stderr=log)
        try:
            return self.results.get(timeout=60)
        except queue.Empty:
            said = (profile.parent / "browser.log").read_text(errors="replace")[-3000:]
            raise AssertionError(f"the page did not report: {said}") from None
        finally:
            browser.terminate()
            browser.wait(timeout=20)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
