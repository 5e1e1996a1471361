#!/usr/bin/env python3
"""The report as a reader's browser shows it: numbers, layout, nothing loaded from elsewhere.

Usage: check_report.py CVTOOL CHROMIUM
       check_report.py --look CHROMIUM REPORT FOLDER   writes screenshots of a report, to be looked at

Trains on the drawn set with class names that try to be markup, evaluates, and compares what report.html shows with
metrics.json. In headless Chromium the page is laid out at 1280 and 390 px, light and dark: no text may lie on other
text or stick out of the page, the console must stay silent and no request may leave the page.
"""
import html.parser
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

WIDTHS = [1280, 390]
CLASSES = {"Car": "Car & <img src=x onerror=alert(1)>", "Truck": "Truck \"<script>alert('2')"}
NET = {"name": "small & <i>", "data": {"imgsz": 32},
       "model": {"layers": [{"kind": "conv2d", "filters": 8, "strides": 2, "activation": "relu"}, {"kind": "flatten"}, {"kind": "dense"}]},
       "train": {"epochs": 3, "batch": 16, "lr": 0.002}}

# What the browser asks for by itself, whatever page it shows.
BROWSERS_OWN = re.compile(r"[ /.](google|googleapis|gvt1)\.com[:/]")

# Runs in a copy of the page; its findings become the page's title.
MEASURE = r"""<script>addEventListener('load', () => {
  const boxes = [], clip = element => {
    while (element && getComputedStyle(element).overflow === 'visible') element = element.parentElement;
    return element && element !== document.documentElement ? element.getBoundingClientRect() : null;
  };
  const add = (rect, clipped, what) => {
    const c = clipped || {left: -1e9, top: -1e9, right: 1e9, bottom: 1e9};
    const box = [Math.max(rect.left, c.left), Math.max(rect.top, c.top), Math.min(rect.right, c.right), Math.min(rect.bottom, c.bottom), what];
    if (box[2] - box[0] > 1 && box[3] - box[1] > 1) boxes.push(box);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = texts.nextNode();) {
    if (!node.data.trim() || node.parentElement.closest('script') || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange(); range.selectNodeContents(node);
    for (const rect of range.getClientRects()) add(rect, clip(node.parentElement), node.data.trim().slice(0, 40));
  }
  for (const image of document.images) add(image.getBoundingClientRect(), clip(image), 'picture ' + image.alt);
  const overlaps = [];
  for (let i = 0; i < boxes.length; ++i) for (let j = 0; j < i; ++j) {
    const a = boxes[i], b = boxes[j];
    const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    if (wide > 1 && high > 5) overlaps.push(a[4] + ' | ' + b[4]);
  }
  document.title = JSON.stringify({width: innerWidth, wanted: document.documentElement.scrollWidth, boxes: boxes.length, overlaps,
    broken: [...document.images].filter(i => !i.naturalWidth).length, background: getComputedStyle(document.body).backgroundColor});
})</script>"""


class Page(html.parser.HTMLParser):
    """The numbers shown, the links and whatever could act or load."""

    def __init__(self, text):
        super().__init__()
        self.numbers, self.links, self.loads, self.suspects, self.current = {}, [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.current = values.get("data-metric", self.current)
        self.links += [values["href"]] if "href" in values else []
        self.loads += [value for name, value in attributes if name in ("src", "srcset", "data", "poster")]
        if tag in ("script", "link", "iframe", "object", "embed", "base", "form") or any(name.startswith("on") for name in values):
            self.suspects.append(self.get_starttag_text())

    def handle_data(self, data):
        if self.current:
            self.numbers.setdefault(self.current, set()).add(data)
            self.current = None


class Listener:
    """A proxy that answers nobody and remembers what was asked of it."""

    def __init__(self):
        self.requests, self.socket = [], socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            connection.settimeout(2)
            try:
                self.requests.append(connection.recv(2000).split(b"\r\n")[0].decode("latin-1"))
            except OSError:
                self.requests.append("a connection that said nothing")
            connection.close()


def browse(chromium, page, width, dark, arguments):
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--enable-logging=stderr", "--user-data-dir=" + profile, f"--window-size={width},2000",
             f"--blink-settings=preferredColorScheme={0 if dark else 1}", *arguments, pathlib.Path(page).resolve().as_uri()],
            capture_output=True, text=True, timeout=120)


def framed(folder, page, width):
    """A page that shows `page` in a frame of exactly this width: windows cannot be as narrow as a phone."""
    frame = pathlib.Path(folder, f"frame{width}.html")
    frame.write_text(f'<!DOCTYPE html><body style="margin:0"><iframe src="{page.name}" style="border:0;width:{width}px;height:30000px"></iframe>'
                     '<script>addEventListener("load", () => setTimeout(() => document.title = frames[0].document.title))</script>')
    return frame


def leaves(metrics, prefix=""):
    for key, value in metrics.items():
        if key in ("intervals", "thresholds", "count", "best_f1_threshold"):
            continue
        if isinstance(value, dict):
            yield from leaves(value, prefix + key + ".")
        elif value is not None:
            yield prefix + key, f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def check_numbers(page, text, metrics):
    problems = [f"{path} is {value}, the page shows {page.numbers.get(path)}" for path, value in leaves(metrics) if page.numbers.get(path) != {value}]
    for low, high in [metrics["intervals"]["accuracy"], metrics["intervals"]["macro"]["f1"]]:
        if f"{low:.4f} to {high:.4f}" not in text:
            problems.append(f"the interval {low:.4f} to {high:.4f} is not shown")
    return problems


def check_closed(page, folder):
    problems = [f"may act or load: {what[:100]}" for what in page.suspects]
    problems += [f"loads {what[:60]}" for what in page.loads if not what.startswith("data:image/")]
    for link in page.links:
        if re.match(r"[a-z]+:|//", link):
            problems.append(f"links to elsewhere: {link}")
        elif not pathlib.Path(folder, urllib.parse.unquote(link)).exists():
            problems.append(f"a link without a file: {link}")
    return problems


def check_layout(chromium, report):
    problems, backgrounds = [], {}
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "copy.html")
        text = report.read_text().replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'")
        copy.write_text(text.replace("</body>", MEASURE + "</body>"))
        for width in WIDTHS:
            for dark in (False, True):
                shown = browse(chromium, framed(folder, copy, width), 1280, dark, ["--allow-file-access-from-files", "--dump-dom"]).stdout
                found = re.search(r"<title>(\{.*?\})</title>", shown)
                if not found:
                    problems.append(f"{width} px: the page could not be measured: {shown[:200]}")
                    continue
                measured = json.loads(found.group(1).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
                backgrounds[dark] = measured["background"]
                where = f"{width} px, {'dark' if dark else 'light'}: "
                problems += [where + "overlap: " + what for what in measured["overlaps"][:5]]
                if measured["width"] != width or measured["wanted"] > width:
                    problems.append(where + f"{measured['wanted']} px are needed, {measured['width']} are there")
                if measured["boxes"] < 50 or measured["broken"]:
                    problems.append(where + f"{measured['boxes']} texts and pictures, {measured['broken']} broken pictures")
    if len(set(backgrounds.values())) != 2:
        problems.append(f"light and dark look the same: {backgrounds}")
    return problems


def check_silence(chromium, report):
    listener = Listener()
    outcome = browse(chromium, report, 1280, False, [f"--proxy-server=127.0.0.1:{listener.port}", "--dump-dom"])
    problems = [f"console: {line}" for line in outcome.stderr.splitlines() if "CONSOLE" in line]
    problems += [f"a request left the page: {request}" for request in listener.requests if not BROWSERS_OWN.search(request)]
    return problems + ([] if "<h1>" in outcome.stdout else ["the browser did not show the page: " + outcome.stderr[-300:]])


def check_that_it_can_fail(chromium, report):
    """The browser's checks on a page with one fault each."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        bad = pathlib.Path(folder, "bad.html")
        bad.write_text(report.read_text().replace("</body>", '<img src="http://example.invalid/x.png"></body>'))
        if not check_silence(chromium, bad):
            problems.append("a picture from elsewhere was not noticed")
        bad.write_text(report.read_text().replace("</body>", '<p style="margin-top:-10rem;width:3000px">on top of what is above</p></body>'))
        if not check_layout(chromium, bad):
            problems.append("overlapping text was not noticed")
    return problems


def make_report(cvtool, folder):
    def run(*arguments):
        outcome = subprocess.run([cvtool, *arguments], cwd=folder, capture_output=True, text=True)
        if outcome.returncode:
            sys.exit(f"cvtool {' '.join(arguments)}: exit code {outcome.returncode}\n{outcome.stderr}")

    run("data", "sample", "drawn", "--train-per-class", "40", "--valid-per-class", "30", "--test-per-class", "30", "--size", "48")
    for photo in pathlib.Path(folder, "drawn").glob("*/*/*.jpg"):
        target = pathlib.Path(folder, "photos", photo.parent.parent.name, CLASSES[photo.parent.name], photo.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, target)
    pathlib.Path(folder, "net.json").write_text(json.dumps(NET))
    run("train", "--data", "photos", "--recipe", "net.json", "--threads", "1", "--name", "run")
    run("eval", "--data", "photos", "--calibrate", "temperature", "--threshold", "0.4", "--threads", "1", "--max", "count=1000000")
    return [pathlib.Path(folder, "runs/run"), pathlib.Path(folder, "runs/run/eval-test")]


def look(chromium, report, folder):
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch, "copy.html")
        shutil.copy(report, copy)
        for width in WIDTHS:
            for dark in (False, True):
                picture = pathlib.Path(folder, f"report-{width}-{'dark' if dark else 'light'}.png").resolve()
                page = copy if width > 500 else framed(scratch, copy, width)
                browse(chromium, page, max(width, 500), dark, [f"--screenshot={picture}", f"--window-size={width if width > 500 else 500},6000"])


def main():
    if sys.argv[1] == "--look":
        look(sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4])
        return 0
    cvtool, chromium = sys.argv[1:3]
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        for made in make_report(cvtool, folder):
            text = (made / "report.html").read_text()
            page, document = Page(text), json.loads((made / "metrics.json").read_text())
            found = check_numbers(page, text, document["metrics"]) + check_closed(page, made)
            heat_maps, mistakes = text.count('alt="heat map"'), text.count("but it is")
            if heat_maps != min(12, mistakes) or (mistakes and "Grad-CAM of layer" not in text):
                found.append(f"{heat_maps} heat maps of {mistakes} mistakes")
            found += check_layout(chromium, made / "report.html") + check_silence(chromium, made / "report.html")
            problems += [f"{made.name}: {problem}" for problem in found]
        problems += check_that_it_can_fail(chromium, made / "report.html")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
