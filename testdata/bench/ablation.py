"""Measures what each hand-made pass over the rows gains: ablation.py [--rounds N] [--set NAME]... [--quality NAME]...

For each pass one line of the source is replaced, so that a variable decides whether the pass is used. The program is linked once with
it and once without it: both have the same machine code at the same addresses, which alone can make 4 % of the time. Both run in turns on
the same files. The result is the ratio of CPU seconds in user mode within a round: without the pass, divided by with it.
"""

import argparse
import collections
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import common
import programs
import report

ROOT = os.path.dirname(os.path.dirname(common.HERE))

# A pass, and the text in a file that decides whether it is used. In new, OFF stands for "the pass is not used".
Pass = collections.namedtuple("Pass", "title file old new")
PASSES = [
    Pass("AVX2: doubles to fixed point", "transforms/trip/fix_amd64.go", "n > 0 && hasAVX2", "n > 0 && hasAVX2 && !OFF"),
    Pass("AVX2: durations", "transforms/trip/passes_amd64.go", "min(len(dst), len(a), len(b)) &^ 7; n == 0 || !hasAVX2", "min(len(dst), len(a), len(b)) &^ 7; n == 0 || !hasAVX2 || OFF"),
    Pass("AVX2: values within limits, and months", "transforms/trip/passes_amd64.go", "if n == 0 || !hasAVX2", "if n == 0 || !hasAVX2 || OFF"),
    Pass("AVX2: sums", "transforms/aggregate/sum_amd64.go", "n == 0 || !hasAVX2", "n == 0 || !hasAVX2 || OFF"),
    Pass("codes of dictionaries", "pipeline/graph.go", "read.Codes = !p.trips.KeepOrigin", "read.Codes = !p.trips.KeepOrigin && !OFF"),
    Pass("sums of whole runs of a month", "transforms/aggregate/group.go", "case len(g.spec.By) == 0:", "case len(g.spec.By) == 0 && !OFF:"),
    Pass("zones counted in an array", "transforms/aggregate/group.go", "end-start >= denseRows", "end-start >= denseRows && !OFF"),
]

# The linker sets this variable to "no" in the program without a pass.
OFF = '(usePass == "no")'


def build(folder, name, p):
    """Builds the program into a folder, with a pass and without it."""
    with open(os.path.join(ROOT, p.file), encoding="utf-8") as f:
        text = f.read()
    if text.count(p.old) != 1:
        sys.exit(f"bench: {p.file}: found {text.count(p.old)} times {p.old!r}, expected it once: the pass has changed, so must this list")
    package = os.path.dirname(p.file)
    files = {
        p.file: text.replace(p.old, p.new.replace("OFF", OFF)),
        f"{package}/use_pass.go": re.search(r"^package \w+$", text, re.MULTILINE)[0] + "\n\nvar usePass string\n",
    }
    replaced = {}
    for path, text in files.items():
        copy = os.path.join(folder, f"{name}-{os.path.basename(path)}")
        with open(copy, "w", encoding="utf-8") as f:
            f.write(text)
        replaced[os.path.join(ROOT, path)] = copy
    overlay = os.path.join(folder, f"{name}.json")
    with open(overlay, "w", encoding="utf-8") as f:
        json.dump({"Replace": replaced}, f)
    variable = f"{'main' if package == 'pipeline' else 'tripstats/' + package}.usePass"
    binaries = [os.path.join(folder, f"{name}-{value}") for value in ("ok", "no")]
    for binary in binaries:
        subprocess.run(["go", "build", "-overlay", overlay, f"-ldflags=-s -w -X {variable}={binary[-2:]}", "-o", binary, "./pipeline"], check=True, cwd=ROOT)
    return binaries


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--set", action="append", choices=["tlc", "snappy"], help="default: both")
    parser.add_argument("--quality", action="append", choices=["raw", "standard"], help="default: both")
    args = parser.parse_args()
    kinds = [(name, quality) for name in args.set or ["tlc", "snappy"] for quality in args.quality or ["raw", "standard"]]
    columns = [f"{name}, {quality}" for name, quality in kinds]
    with tempfile.TemporaryDirectory() as folder:
        print(f"| without | {' | '.join(columns)} |")
        print("|---|" + "---:|" * len(columns), flush=True)
        passes = []
        for n, p in enumerate(PASSES):
            whole, other = build(folder, f"pass-{n}", p)
            cells = []
            for name, quality in kinds:
                paths, ratios = common.files(name), []
                for turn in range(args.rounds + 1):
                    cpu = {}
                    for binary in (whole, other) if turn % 2 else (other, whole):
                        cpu[binary] = common.measure(common.tripstats(binary, "direct", paths, folder, quality)).user
                    if turn:  # the first warms up
                        ratios.append(cpu[other] / cpu[whole])
                cells.append(f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
            print(f"| {p.title} | {' | '.join(cells)} |", flush=True)
            passes.append([p.title, cells])
    report.keep("ablation", {
        "date": datetime.date.today().isoformat(), "machine": programs.machine(), "commit": programs.commit(),
        "rounds": args.rounds, "files": len(common.files(kinds[0][0])), "columns": columns, "passes": passes,
    })
    report.write()


if __name__ == "__main__":
    main()
