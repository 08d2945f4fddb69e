"""Measures what each hand-made pass over the rows gains: ablation.py [--rounds N] [--set NAME]...

The program is built once as it is, and once without each pass, by replacing one line of the source. Both run in turns on the same
files. The result is the ratio of CPU seconds within a round: without the pass, divided by with it.
"""

import argparse
import collections
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile

import common
import programs
import report

ROOT = os.path.dirname(os.path.dirname(common.HERE))

# A pass, and how it is switched off: the text old in a file is replaced by new.
Pass = collections.namedtuple("Pass", "title file old new")
PASSES = [
    Pass("AVX2: doubles to fixed point", "transforms/trip/fix_amd64.go", "n > 0 && hasAVX2", "n < 0"),
    Pass("AVX2: values within limits, and months", "transforms/trip/passes_amd64.go", "if n == 0 || !hasAVX2 {\n\t\treturn 0\n", "if n >= 0 {\n\t\treturn 0\n"),
    Pass("AVX2: sums", "transforms/aggregate/sum_amd64.go", "n == 0 || !hasAVX2", "n >= 0"),
    Pass("codes of dictionaries", "pipeline/graph.go", "read.Codes = !p.trips.KeepOrigin", "read.Codes = false"),
    Pass("sums of whole runs of a month", "transforms/aggregate/group.go", "case len(g.spec.By) == 0:", "case len(g.spec.By) < 0:"),
    Pass("zones counted in an array", "transforms/aggregate/group.go", "const denseRows = 64", "const denseRows = 1 << 30"),
]


def build(folder, name, overlay=None):
    """Builds the program into a folder. overlay: the text of files by path."""
    target = os.path.join(folder, name)
    flags = []
    if overlay:
        replaced = {}
        for path, text in overlay.items():
            copy = os.path.join(folder, f"{name}-{os.path.basename(path)}")
            with open(copy, "w", encoding="utf-8") as f:
                f.write(text)
            replaced[os.path.join(ROOT, path)] = copy
        with open(target + ".json", "w", encoding="utf-8") as f:
            json.dump({"Replace": replaced}, f)
        flags = ["-overlay", target + ".json"]
    subprocess.run(["go", "build", *flags, "-ldflags=-s -w", "-o", target, "./pipeline"], check=True, cwd=ROOT)
    return target


def without(p):
    """Returns the text of a pass's file without the pass."""
    with open(os.path.join(ROOT, p.file), encoding="utf-8") as f:
        text = f.read()
    if text.count(p.old) != 1:
        sys.exit(f"bench: {p.file}: found {p.old!r} {text.count(p.old)} times, expected it once: the pass has changed, so change the list PASSES too")
    return {p.file: text.replace(p.old, p.new)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--set", action="append", choices=["tlc", "snappy"], help="default: both")
    parser.add_argument("--quality", choices=["raw", "standard"], default="standard")
    args = parser.parse_args()
    sets = args.set or ["tlc", "snappy"]
    with tempfile.TemporaryDirectory() as folder:
        whole = build(folder, "whole")
        print(f"| pass | {' | '.join(sets)} |")
        print("|---|" + "---:|" * len(sets), flush=True)
        passes = []
        for n, p in enumerate(PASSES):
            other = build(folder, f"without-{n}", without(p))
            cells = []
            for name in sets:
                paths, ratios = common.files(name), []
                for turn in range(args.rounds + 1):
                    cpu = {}
                    for binary in (whole, other) if turn % 2 else (other, whole):
                        cpu[binary] = common.measure(common.tripstats(binary, "direct", paths, folder, args.quality)).cpu
                    if turn:  # the first warms up
                        ratios.append(cpu[other] / cpu[whole])
                cells.append(f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
            print(f"| {p.title} | {' | '.join(cells)} |", flush=True)
            passes.append([p.title, cells])
    report.keep("ablation", {
        "date": datetime.date.today().isoformat(), "machine": programs.machine(), "commit": programs.commit(),
        "quality": args.quality, "sets": sets, "passes": passes,
    })
    report.write()


if __name__ == "__main__":
    main()
