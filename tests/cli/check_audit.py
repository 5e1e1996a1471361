#!/usr/bin/env python3
"""Labels put right from end to end, by the keys of the audit's page in a real browser.

Usage: check_audit.py CVTOOL CHROMIUM

Flips labels of the drawn set, cross-validates, audits, and opens audit.html in headless Chromium: relabels, keeps, drops and undoes by keys, reloads,
saves fixes.csv by its download, applies it by `cvtool data fix`, and trains again. The console must stay silent, no request may leave the page,
and what the page is given must stay text. What is asked of the browser goes through its debugging pipe.
"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

# The browser reads its commands from descriptor 3 and answers on 4; taken before anything else opens a file.
(to_read, to_write), (answers_read, answers_write) = os.pipe(), os.pipe()
for number in (3, 4):
    while number in (to_write, answers_read):
        if number == to_write:
            to_write = os.dup(to_write)
        else:
            answers_read = os.dup(answers_read)
read_end, write_end = os.dup(to_read), os.dup(answers_write)
os.dup2(read_end, 3)
os.dup2(write_end, 4)

CAR, TRUCK = "Car", "Truck \"<script>alert('2')&"
NET = {"name": "small", "data": {"imgsz": 32},
       "model": {"layers": [{"kind": "conv2d", "filters": 16, "strides": 2, "activation": "relu"}, {"kind": "max_pool2d"},
                            {"kind": "flatten"}, {"kind": "dense"}]},
       "train": {"epochs": 8, "batch": 16, "lr": 0.003}}
FLIPPED = 8


class Browser:
    def __init__(self, chromium, profile):
        self.process = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-extensions", "--disable-default-apps", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             "--user-data-dir=" + profile, "about:blank"], pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number, self.rest, self.events, self.session = 0, b"", [], None

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(answers_read, 1 << 20)
            if not more:
                sys.exit("the browser has ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **parameters):
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        text = json.dumps(command).encode() + b"\0"
        while text:
            text = text[os.write(to_write, text):]
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, page):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")
        self.go(page)

    def go(self, page):
        self.events.clear()
        self.ask("Page.navigate", url=pathlib.Path(page).resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def press(self, key):
        text = key if len(key) == 1 else ""
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def shown(self, name):
        return self.value(f"document.getElementById('{name}').textContent")


def run(cvtool, folder, *arguments, code=0):
    outcome = subprocess.run([cvtool, *arguments], cwd=folder, capture_output=True, text=True)
    if outcome.returncode != code:
        sys.exit(f"cvtool {' '.join(arguments)}: exit code {outcome.returncode}\n{outcome.stdout}\n{outcome.stderr}")
    return outcome.stdout


def make_photos(cvtool, folder):
    """Flips some labels of the drawn photos; returns {photo as it lies now: its true class}."""
    run(cvtool, folder, "data", "sample", "drawn", "--train-per-class", "60", "--valid-per-class", "2", "--test-per-class", "2", "--size", "32")
    truth = {}
    for name, other in ((CAR, TRUCK), (TRUCK, CAR)):
        drawn = sorted(pathlib.Path(folder, "drawn/train", name.split(" ")[0]).glob("*.jpg"))
        for i, photo in enumerate(drawn):
            flipped = i % (len(drawn) // (FLIPPED // 2)) == 3
            target = pathlib.Path(folder, "photos", other if flipped else name, photo.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, target)
            truth[str(target.relative_to(pathlib.Path(folder, "photos")))] = name
    return truth


def decide(browser, truth):
    """Relabels what is wrong and keeps what is right; returns what fixes.csv must say."""
    expected, problems = {}, []
    total = browser.value("items.length")
    if total < FLIPPED // 2:
        problems.append(f"only {total} photos are shown, of which {FLIPPED} have a wrong label")
    for number in range(total):
        path, given, suggested = browser.shown("path"), browser.shown("given"), browser.shown("suggested")
        if path not in truth or given != path.split("/")[0]:
            problems.append(f"{path} of {given} is shown, which is no photo")
            break
        if not browser.value("document.getElementById('photo').naturalWidth > 0"):
            problems.append(f"{path}: its picture is broken")
        if truth[path] == given:
            browser.press("k")
            expected[path] = ("keep", "")
        elif suggested == truth[path]:
            browser.press("r")
            expected[path] = ("relabel", suggested)
        else:
            browser.press("1" if truth[path] == CAR else "2")
            expected[path] = ("relabel", truth[path])
        if number == 0:
            # Undone and done again, and another way in between.
            browser.press("u")
            if browser.shown("path") != path or browser.shown("decided") != "not yet":
                problems.append("undo does not lead back to what was undone")
            browser.press("d")
            browser.press("u")
            browser.press("k" if expected[path][0] == "keep" else "1" if truth[path] == CAR else "2")
    if browser.shown("state") != f"{total} of {total} decided":
        problems.append(f"the page counts '{browser.shown('state')}' after {total} decisions")
    return expected, problems


def saved(browser, folder):
    browser.session, page_session = None, browser.session
    browser.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    browser.session = page_session
    browser.press("s")
    file = pathlib.Path(folder, "fixes.csv")
    for _ in range(100):
        if file.exists():
            return file
        time.sleep(0.1)
    sys.exit("the page has saved no fixes.csv")


def check_quiet(browser):
    problems = []
    for event in browser.events:
        if event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening"):
            problems.append(f"the page says {json.dumps(event['params'])[:300]}")
        url = event["params"].get("request", {}).get("url", "") if event["method"] == "Network.requestWillBeSent" else ""
        if url and not url.startswith(("file:", "data:", "blob:")):
            problems.append(f"a request left the page: {url}")
    return problems


def check_fixed(folder, expected, truth):
    problems = []
    for path, (action, label) in expected.items():
        name = path.split("/")[1]
        there = pathlib.Path(folder, "fixed", label or path.split("/")[0], name)
        if not there.exists():
            problems.append(f"{path} was to {action} {label} and is not at {there}")
    if len(list(pathlib.Path(folder, "fixed").glob("*/*.jpg"))) != len(truth):
        problems.append("photos were lost or doubled")
    return problems


def main():
    cvtool, chromium = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        truth = make_photos(cvtool, folder)
        pathlib.Path(folder, "net.json").write_text(json.dumps(NET))
        run(cvtool, folder, "train", "--data", "photos", "--recipe", "net.json", "--folds", "3", "--threads", "1", "--name", "cross")
        run(cvtool, folder, "data", "audit", "photos", "--run", "runs/cross", "--threads", "1")
        browser = Browser(chromium, folder + "/profile")
        browser.open(folder + "/photos-audit/audit.html")
        expected, problems = decide(browser, truth)
        problems += check_quiet(browser)
        browser.go(folder + "/photos-audit/audit.html")
        if not browser.shown("state").startswith(f"{len(expected)} of"):
            problems.append("what was decided is gone when the page is loaded again")
        fixes = saved(browser, pathlib.Path(folder, "downloads"))
        problems += check_quiet(browser)
        browser.session = None
        browser.ask("Browser.close")
        rows = {row["path"]: (row["action"], row["label"]) for row in csv.DictReader(fixes.open(newline=""))}
        if rows != expected:
            problems.append(f"fixes.csv holds {rows}, and {expected} was decided")
        run(cvtool, folder, "data", "fix", "photos", str(fixes), "--into", "fixed")
        problems += check_fixed(folder, expected, truth)
        run(cvtool, folder, "train", "--data", "fixed", "--recipe", "net.json", "--threads", "1", "--name", "again")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
