#!/usr/bin/env python3
"""Opens reports in headless Chromium: tests/report/in_chromium.py [ALEXSCOPE] [OUT]

Trains some small runs and a comparison, writes a report of one run, of three and of the comparison, and opens each. Fails where a page
logs anything, loads anything from outside itself, or is wider than the window, on a wide screen and on a narrow one. Leaves a
screenshot and a PDF of each in OUT (a temporary folder that stays, by default), and the PDF's pages as PNG where there is pdftoppm.
Without Chromium it says so and ends with status 0. ALEXSCOPE is the program, target/debug/alexscope by default.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"]
# A window of Chromium is no narrower than the second.
WIDTHS = [1200, 500]
SECONDS = 120

# What the page itself can tell: how wide it is, what sticks out, what it asked for.
PROBE = """<script>
addEventListener("load", () => {
  const width = document.documentElement.clientWidth;
  const inside = node => node.parentElement && (getComputedStyle(node.parentElement).overflowX !== "visible" || inside(node.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter(node => !node.closest("svg") || node.tagName === "svg")
    .filter(node => node.getBoundingClientRect().right > width + 1 && !inside(node));
  const told = {
    width, scrolled: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
    wide: wide.map(node => node.tagName + " " + node.textContent.trim().slice(0, 40)).slice(0, 5),
    loaded: performance.getEntriesByType("resource").map(entry => entry.name),
    charts: document.querySelectorAll("figure svg").length, tables: document.querySelectorAll("table").length,
  };
  document.documentElement.dataset.told = JSON.stringify(told);
});
</script>
"""


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: status {done.returncode}\n{done.stderr}")


def reports(program, folder):
    """Trains, and writes the reports; name and folder of each."""
    plan = folder / "plan.txt"
    plan.write_text("8 learning-rate 0.005\n16 momentum 0.5\n")
    small = ["--evaluate-pictures", 200, "--batch-size", 16]
    train = ["train", "--headless", "--steps", 24, "--evaluate-every", 6, *small]
    runs = [folder / name for name in ["first-run", "another-one-with-a-rather-long-name-of-its-own", "third-run"]]
    run(program, *train, "--model", "lenet5", "--script", plan, "--run-dir", runs[0])
    run(program, *train, "--model", "simple-cnn", "--run-dir", runs[1])
    run(program, *train, "--model", "lenet5", "--learning-rate", 0.05, "--run-dir", runs[2])
    comparison = folder / "comparison"
    run(program, "compare", "--headless", "lenet5", "simple-cnn", "lenet5:learning-rate=0.05,momentum=0.5", "--steps", 24,
        "--seeds", 3, "--evaluate-every", 6, *small, "--run-dir", comparison)
    wanted = {"run": runs[:1], "three-runs": runs, "comparison": [comparison]}
    for name, paths in wanted.items():
        run(program, "report", *paths, "--out", folder / f"report-{name}")
    return {name: folder / f"report-{name}" for name in wanted}


def open_page(chromium, page, *arguments):
    """Opens a page with a profile of its own; what came on standard output and what was logged in the page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, *FLAGS, f"--user-data-dir={profile}", "--enable-logging=stderr", *arguments, page.as_uri()]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        sys.exit(f"{chromium} ended with status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def told(chromium, report, width):
    page = report / "probed.html"
    text = (report / "report.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</head>", PROBE + "</head>"), encoding="utf-8")
    document, logged = open_page(chromium, page, f"--window-size={width},900", "--dump-dom")
    page.unlink()
    found = re.search(r'data-told="([^"]*)"', document)
    if not found:
        sys.exit(f"{report}: the page did not load in {width} pixels")
    return json.loads(html.unescape(found[1])), logged


def look(chromium, name, report, out):
    """Pictures of a report go to `out`; what is wrong with it."""
    faults = []
    for width in WIDTHS:
        seen, logged = told(chromium, report, width)
        at = f"{name}, {width} pixels:"
        faults += [f"{at} logged {line}" for line in logged]
        faults += [f"{at} asked for {address}" for address in seen["loaded"]]
        if seen["scrolled"] > seen["width"] or seen["wide"]:
            faults.append(f"{at} is {seen['scrolled']} wide in a window of {seen['width']}: {seen['wide']}")
        if not (seen["charts"] and seen["tables"]):
            faults.append(f"{at} has {seen['charts']} charts and {seen['tables']} tables")
        picture = out / f"{name}-{width}.png"
        open_page(chromium, report / "report.html", f"--window-size={width},{seen['height']}", f"--screenshot={picture}")
    pdf = out / f"{name}.pdf"
    open_page(chromium, report / "report.html", f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    if not pdf.read_bytes().startswith(b"%PDF"):
        faults.append(f"{name}: no PDF came of printing")
    elif shutil.which("pdftoppm"):
        subprocess.run(["pdftoppm", "-r", "60", "-png", pdf, out / f"{name}-page"], check=True)
    return faults


def main():
    chromium = next(filter(None, map(shutil.which, [os.environ.get("CHROMIUM", ""), *NAMES])), None)
    if not chromium:
        print(f"SKIPPED: no Chromium here (looked for {', '.join(NAMES)}; CHROMIUM names another); no report was opened")
        return 0
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/alexscope"
    out = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="reports-")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = reports(str(program), Path(folder))
        faults = [fault for name, report in made.items() for fault in look(chromium, name, report, out)]
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{len(made)} reports at {' and '.join(map(str, WIDTHS))} pixels and printed, {len(faults)} faults; pictures in {out}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
