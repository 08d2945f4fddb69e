"""Reads random CSV files, many of them damaged, and compares what tripstats makes of each with csvtext.py.

    csvfiles.py TRIPSTATS GEN [COUNT] [SEED] [--keep DIR]      GEN: the command testdata/gen, built

Each file has a random taxi, month and form, with all that programs differ in. Then bytes are changed, cut out or put in, lines are joined, cells are
dropped and quotes are added; packed files are damaged as such too. Under --quality=raw and standard the program must give the tables of
csvtext.py, or refuse the file with exit code 3 for the same reason. In quarantine must be the same rows by the byte at which they start, with
their cells. --keep saves files on which they differ.
"""

import argparse
import collections
import glob
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

import csvtables
import csvtext
import standard
import verify

WORDS = [
    ["", "", "", "bom"],
    ["", "crlf", "header-lf", "mixed-lines"],
    ["", "", "blank-lines=1", "blank-lines=2"],
    ["", "", "stray-blanks=3"],
    ["", "", "", "trailing-commas=1", "trailing-commas=2"],
    ["", "", "", "spaced-names"],
    ["", "", "", "index"],
    ["", "", "na"],
    ["", "", "spaces"],
    ["", "", "", "quote-texts", "quote-all", "quote-some"],
    ["", "", "t", "fraction", "z", "offset", "mdy", "dmy"],
    ["", "sql", "17-digits", "python"],
    ["", "", "", "no-last-end"],
    ["", "", "members=2"],
]
PLANTS = """malformed not-number pickup-not-time dropoff-not-time nan inf null-pickup null-dropoff null-pickup-zone null-dropoff-zone negative-distance
    over200-miles total-over5000 tip-over5000 negative-tip zero-passengers passengers-over9 unknown-pickup-zone unknown-dropoff-zone""".split()
SPECIAL = [b",", b'"', b'""', b" ", b"\n", b"\r", b"\r\n", b"\n\n", b",,", b";", b"\t", b"-", b"+", b".", b"e", b"E", b"0", b"9", b":", b"/", b"T", b"Z", b"N/A",
           b"\0", b"\xff", b"\xef\xbb\xbf", b'","', b" \"", b"\" ", b"1e9", b"-0", b"AM", b" pm", b"+00:00"]

# What a message says, by the reason for which csvtext.py refuses a file. Where it has places, the message names one of them as well.
SAYS = {
    "empty": "empty",
    "gzip": "gzip|packed|unpack",
    "no text": "text",
    "NUL": "NUL",
    "CR": "CR without an LF",
    "long": r"line \d+",
    "separator": "commas",
    "header": "header|names of columns",
    "columns": "expected",
    "twice": "found columns",
    "dates": "--dates",
    "zone": "--utc",
    "value": "line",
}


class File:
    """A file, and the flags with which it is read."""

    def __init__(self, r, gen, folder):
        self.path, self.flags = None, {}
        taxi = r.choice(["yellow", "yellow", "green", "green", "fhvhv", "fhv"])
        published = r.random() < 0.4
        old = r.random() < 0.3  # coordinates
        hired = taxi.startswith("fhv")
        old &= not hired
        first, last = {"yellow": 2009, "green": 2014, "fhvhv": 2020, "fhv": 2015}[taxi], (2021 if published else 2016 if old else 2026)
        year = r.randrange(first, last)
        month = f"{year}-{r.randrange(1, 7 if published and hired and year == 2020 else 13):02}"
        words = [] if r.random() < 0.1 else [r.choice(choice) for choice in WORDS]
        if published:
            words = ["published", *(w for w in words if r.random() < 0.2)]
        self.words = ",".join(w for w in words if w)
        form = r.choice(["csv", "csv", "csv.gz"])
        rows = r.choice([0, 1, 2, 7, 40, 150, 300])
        command = [gen, "--quiet", "--flat", "--out", folder, "--taxi", taxi, "--months", month, "--rows", str(rows), "--seed", str(r.randrange(10**9)),
                   "--format", form, "--text", self.words]
        plants = []
        if rows > 60 and r.random() < 0.7:
            plants = [f"{p}={r.randrange(1, 3)}" for p in PLANTS if r.random() < 0.25 and not ("unknown" in p and (published or old or month < "2011"))]
        command += ["--plant", ",".join(plants)]
        if not published and old:
            command.append("--coordinates")
        if r.random() < 0.3:
            command.append("--clean")
        subprocess.run(command, check=True)
        (self.path,) = glob.glob(os.path.join(folder, "*.csv*"))
        self.damage = damage(r, self.path) if r.random() < 0.75 else []
        if {"z", "offset"} & set(words):
            self.flags["utc"] = r.choice(["wall", "wall", "wall", "convert", None])
        elif r.random() < 0.2:
            self.flags["utc"] = r.choice(["wall", "convert"])
        if {"mdy", "dmy"} & set(words) and r.random() < 0.4 or r.random() < 0.05:
            self.flags["dates"] = r.choice(["mdy", "dmy"])
        self.flags = {k: v for k, v in self.flags.items() if v}

    def __str__(self):
        return f"{os.path.basename(self.path)} ({self.words or 'plain'}) {self.flags or ''} {'; '.join(self.damage)}"


def damage(r, path):
    """Damages a file. Returns what was done."""
    with open(path, "rb") as f:
        content = f.read()
    packed = path.endswith(".gz")
    done = []
    if packed:
        content = gzip.decompress(content)
    for _ in range(r.choice([1, 1, 2, 3, 6])):
        if not content:
            break
        what, content = once(r, content)
        done.append(what)
    if packed:
        content = gzip.compress(content, 1)
        if r.random() < 0.15:
            what, content = r.choice([flip, cut, garbage])(r, content)
            done.append(f"packed: {what}")
    with open(path, "wb") as f:
        f.write(content)
    return done


def flip(r, b):
    at = r.randrange(len(b))
    return f"byte {at} changed", b[:at] + bytes([r.randrange(256)]) + b[at + 1 :]


def flip_bit(r, b):
    at = r.randrange(len(b))
    return f"bit of byte {at} flipped", b[:at] + bytes([b[at] ^ 1 << r.randrange(8)]) + b[at + 1 :]


def cut(r, b):
    at = r.randrange(len(b))
    return f"cut at {at}", b[:at]


def garbage(r, b):
    return "garbage added", b + r.randbytes(r.randrange(1, 30))


def drop(r, b):
    at = r.randrange(len(b))
    n = r.choice([1, 1, 2, 5, 30, 300])
    return f"{n} bytes dropped at {at}", b[:at] + b[at + n :]


def put(r, b):
    at = r.randrange(len(b) + 1)
    what = r.choice(SPECIAL)
    return f"{what} put in at {at}", b[:at] + what + b[at:]


def lines_of(b):
    return b.splitlines(keepends=True) if b"\r" not in b.replace(b"\r\n", b"") else re.findall(rb"[^\n]*\n|[^\n]+", b)


def join(r, b):
    ends = [m.start() for m in re.finditer(rb"\n", b)]
    if not ends:
        return "nothing to join", b
    at = r.choice(ends)
    return f"lines joined at {at}", b[:at] + b[at + 1 :]


def line(r, b):
    lines = lines_of(b)
    i = r.randrange(len(lines))
    kind = r.choice(["twice", "dropped", "swapped", "commas", "blank", "spaces"])
    if kind == "twice":
        lines.insert(i, lines[i])
    elif kind == "dropped":
        del lines[i]
    elif kind == "swapped":
        j = r.randrange(len(lines))
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines.insert(i, {"commas": b"," * lines[i].count(b",") + b"\n", "blank": b"\n", "spaces": b"  \n"}[kind])
    return f"line {i + 1} {kind}", b"".join(lines)


def cell(r, b):
    lines = lines_of(b)
    i = r.randrange(len(lines))
    end = lines[i][len(lines[i].rstrip(b"\r\n")) :]
    cells = lines[i][: len(lines[i]) - len(end)].split(b",")
    j = r.randrange(len(cells))
    kind = r.choice(["dropped", "twice", "empty", "quoted", "half quoted", "other"])
    if kind == "dropped":
        del cells[j]
    elif kind == "twice":
        cells.insert(j, cells[j])
    else:
        other = r.choice([b"N/A", b"-", b"n/a", b"null", b"1e3", b"1,5", b'"1,5"', b"-3.25", b"2e-1", b"99999999999", b"1e13", b"264.0", b"1.5", b"+7", b"0x10", b"1_0",
                          b"13/02/2019 1:05", b"2/13/2019 01:05:09 PM", b"2019-02-03", b"2019-2-3 4:05", b"2019/02/03 04:05:06.7", b"2019-02-03T04:05:06Z", b" 5 ", b'" 5 "'])
        cells[j] = {"empty": b"", "quoted": b'"' + cells[j] + b'"', "half quoted": b'"' + cells[j], "other": other}[kind]
    lines[i] = b",".join(cells) + end
    return f"line {i + 1} cell {j + 1} {kind}", b"".join(lines)


def once(r, b):
    return r.choice([flip, flip, flip_bit, cut, drop, put, put, put, join, line, line, cell, cell, cell, cell])(r, b)


def run(program, f, out, *flags):
    given = [f"--{name}={value}" for name, value in f.flags.items()]
    done = subprocess.run([program, f"--input={f.path}", f"--output={out}", *given, *flags], capture_output=True, text=True, errors="replace")
    return done.returncode, done.stderr


def understood(f, raw):
    """Returns the file as csvtext.py reads it, and why it is refused."""
    try:
        return csvtext.Source(f.path, os.path.basename(f.path), f.flags.get("utc"), f.flags.get("dates"), raw), None
    except csvtext.Refused as refused:
        return None, refused


def check_refusal(f, code, stderr, refused):
    if code != 3:
        return [f"exit code {code}, expected 3: {refused}: {last(stderr)}"]
    message = stderr
    if not re.search(SAYS[refused.kind], message):
        return [f"refused, expected for {refused}: {last(stderr)}"]
    if refused.places and not any(names(message, *place) for place in refused.places):
        return [f"the message names no place of {refused}: {last(stderr)}"]
    return []


def names(message, line, column):
    """Tells whether a message names a line and a column."""
    return re.search(rf"\bline {line}\b", message) is not None and (column is None or column.strip() in message)


def last(stderr):
    return " ".join(stderr.strip().splitlines()[-3:])[:500]


def check(program, f, scratch, raw):
    """Returns the differences of a run, one line each."""
    out, kept = os.path.join(scratch, "out"), os.path.join(scratch, "kept")
    for folder in (out, kept):
        shutil.rmtree(folder, ignore_errors=True)
    if raw:
        code, stderr = run(program, f, out, "--quality=raw")
    else:
        code, stderr = run(program, f, out, "--quality=standard", f"--quarantine={kept}", "--quarantine-cells")
    source, refused = understood(f, raw)
    if refused:
        return check_refusal(f, code, stderr, refused)
    if code != 0:
        return [f"exit code {code}, expected 0: {last(stderr)}"]
    if raw:
        return list(verify.Output(out).check(csvtables.Raw([source])))
    expected = csvtables.Judged([source])
    return list(standard.Output(out).check(expected)) + check_kept(kept, source, expected.rules_of[source.name])


def check_kept(folder, source, fired):
    """Compares the rows in quarantine."""
    wrong, found, lines = [], collections.Counter(), {line.start: line for line in source.text.lines}
    for path in sorted(glob.glob(os.path.join(folder, "rows", "**", "*.parquet"), recursive=True)):
        for row in binary(pq.read_table(path, partitioning=None)).to_pylist():
            place = row.pop("row_number")
            found[place, row.pop("rule").decode()] += 1
            row.pop("source")
            if place in lines:
                wrong += check_cells(place, lines[place], row, source)
    for what, rows in (("kept without reason", found - fired), ("not kept", fired - found)):
        wrong += [f"quarantine: byte {place}: {rule}: {what}" for place, rule in sorted(rows)[:3]]
    return wrong


def binary(table):
    """Returns a table with bytes for text, which need not be UTF-8."""
    return table.cast(pa.schema([pa.field(f.name, pa.binary()) if pa.types.is_string(f.type) else f for f in table.schema]))


def text_of(cell):
    """Returns the text in bytes. What is no UTF-8 is one replacement character."""
    return re.sub("\ufffd+", "\ufffd", cell.decode("utf-8", "replace"))


def check_cells(place, line, row, source):
    expected = {} if line.cells else {"malformed_line": text_of(line.content)}
    for name in source.read_columns:
        cell = line.cells[source.at[name.lower()]] if line.cells else ""
        expected[name] = None if cell in csvtext.NULL else text_of(cell.encode("latin-1"))
    wrong = [f"{name} is no UTF-8" for name, cell in row.items() if cell is not None and not valid(cell)]
    row = {name: None if cell is None else text_of(cell) for name, cell in row.items() if name in expected or cell is not None}
    if row != expected:
        keys = [k for k in row.keys() | expected if row.get(k) != expected.get(k)]
        wrong += [f"{k}: found {row.get(k)!r}, expected {expected.get(k)!r}" for k in keys]
    return [f"quarantine: byte {place}: {text}" for text in wrong]


def valid(cell):
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("gen")
    parser.add_argument("count", type=int, nargs="?", default=30)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--keep", metavar="DIR")
    args = parser.parse_args()
    differ, outcomes = 0, collections.Counter()
    for number in range(args.count):
        r = random.Random(f"{args.seed} {number}")
        with tempfile.TemporaryDirectory() as scratch:
            f = File(r, args.gen, os.path.join(scratch, "in"))
            found = []
            for raw in (True, False):
                quality = "raw" if raw else "standard"
                found += [f"{quality}: {line}" for line in check(args.program, f, scratch, raw)]
                outcomes[quality, "refused" if understood(f, raw)[1] else "read"] += 1
            if found:
                differ += 1
                print(f"csvfiles: file {number} of seed {args.seed}: {f}", *(line[:400] for line in found[:6]), sep="\n  ", file=sys.stderr)
                if args.keep:
                    os.makedirs(args.keep, exist_ok=True)
                    shutil.copy(f.path, os.path.join(args.keep, f"{number}-{os.path.basename(f.path)}"))
    if differ:
        sys.exit(f"csvfiles: {differ} of {args.count} files were read in another way than by csvtext.py")
    counts = ", ".join(f"{n} {what} under {quality}" for (quality, what), n in sorted(outcomes.items()))
    print(f"csvfiles     {args.count} random files: {counts} (seed {args.seed})")


if __name__ == "__main__":
    main()
