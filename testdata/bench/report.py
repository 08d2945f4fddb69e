"""Makes the page of the benchmarks, README.md and peers.svg beside this file, of what was measured on this machine: report.py

What a target measures stays in .cache/bench-results as JSON, which is not committed: the page is what is published.
"""

import json
import os
import statistics
import xml.sax.saxutils

import common
import programs

RESULTS = os.path.join(common.HERE, "..", "..", ".cache", "bench-results")

MEASURES = ("wall", "cpu", "process", "rss", "others")  # of a run, as in common.Measure

TITLES = {
    "tlc": "24 months of 3 million rows, in the codecs of TLC's files: GZIP, the last ZSTD",
    "snappy": "The same 24 months in SNAPPY",
    "month": "One month of 3 million rows, GZIP",
    "one14m": "One month of 14 million rows in one row group, GZIP",
    "csv": "CSV: four months of 3 million rows, as TLC published them",
    "csv-gz": "The same four months as CSV.gz",
    "fhvhv": "High-volume for-hire vehicles: 24 months of 3 million rows, ZSTD",
    common.REAL: "Real files: eight months of green taxis, 2022 to 2025",
}


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def ratio(runs, base, key):
    """Returns the text of the ratio of two programs within a round: the median, the least and the most."""
    r = sorted(a[key] / b[key] for a, b in zip(runs, base))
    return f"{statistics.median(r):.2f} ({r[0]:.2f} to {r[-1]:.2f})"


def fastest(runs, wanted):
    """Returns the name of the fastest of the wanted programs that were run, or None."""
    names = [p.name for p in programs.PROGRAMS if p.name in runs and wanted(p)]
    return min(names, key=lambda n: median(runs[n], "wall"), default=None)


def title(result):
    threads = result["threads"]
    return f"{TITLES.get(result['set'], result['set'])}; {threads} thread{'s' if threads > 1 else ''}"


def table(result):
    """Returns a set's table in Markdown."""
    runs = result["runs"]
    bases = [
        (fastest(runs, lambda p: p.peer == "duckdb"), "wall", "wall / {}"),
        (fastest(runs, lambda p: p.kind == "peer"), "wall", "wall / {}"),
        (fastest(runs, lambda p: p.kind == "decode"), "cpu", "CPU / bare decode"),
    ]
    titles = {p.name: p.title for p in programs.PROGRAMS}
    bases = dict.fromkeys((base, key, text.format(titles[base])) for base, key, text in bases if base)
    lines = [
        f"### {title(result)}", "",
        f"{result['files']} files, {result['bytes'] / 1e6:.0f} MB; {result['rounds']}; tripstats {result['commit']}.", "",
        "| program | wall s | CPU s | CPU/wall | process s | peak MiB | " + " | ".join(text for _, _, text in bases) + " |",
        "|---|" + "---:|" * (5 + len(bases)),
    ]
    for p in programs.PROGRAMS:
        if p.name in runs:
            r = runs[p.name]
            wall, cpu, process, rss = (median(r, k) for k in ("wall", "cpu", "process", "rss"))
            ratios = [ratio(r, runs[base], key) for base, key, _ in bases]
            lines.append(f"| {p.title} | {wall:.2f} | {cpu:.2f} | {cpu / wall:.2f} | {process:.2f} | {rss:.0f} | {' | '.join(ratios)} |")
    return "\n".join(lines) + "\n"


def decade(done):
    """Returns the tables of the decade in Markdown: time and memory, how they grow, and the ledger."""
    titles = {p.name: p.title for p in programs.PROGRAMS}
    lines = [
        DECADE, "",
        f"tripstats {done['commit']}.", "",
        "| program | months | rows | MB | wall s | CPU s | process s | peak MiB | million rows/s | others took |", "|---|" + "---:|" * 9,
    ]
    for r in done["runs"]:
        what = titles[r["program"]] + (", with the rules" if r["quality"] == "standard" else "")
        lines.append(f"| {what} | {r['months']} | {r['rows']:,} | {r['bytes'] / 1e6:,.0f} | {r['wall']:.1f} | {r['cpu']:.1f} |"
                     f" {r['process']:.1f} | {r['rss']:.0f} | {r['rows'] / r['wall'] / 1e6:.2f} | {r['others']:.0%} |")
    if "ledger" in done:
        lines += ["", "The ledger of the run with the rules:", "", "| rule | scope | rows |", "|---|---|---:|"]
        lines += [f"| {rule} | {scope} | {rows:,} |" for rule, scope, rows in done["ledger"]]
    return "\n".join(lines) + "\n"


ROW, LABELS, BARS, WIDTH = 22, 270, 370, 900  # of the chart, in pixels
COLOURS = {"tripstats": "#0072b2", "peer": "#999999", "decode": "#e69f00"}


def panel(result, y):
    """Returns the chart of one set, from y down, and the y of its end."""
    runs = result["runs"]
    most = max(median(r, "wall") for r in runs.values())
    out = [f'<text x="10" y="{y + 16}" font-weight="bold">{xml.sax.saxutils.escape(title(result))}</text>']
    y += 26
    for p in programs.PROGRAMS:
        if p.name not in runs:
            continue
        wall, cpu, rss = (median(runs[p.name], k) for k in ("wall", "cpu", "rss"))
        length = BARS * wall / most
        out += [
            f'<text x="{LABELS - 8}" y="{y + 15}" text-anchor="end">{xml.sax.saxutils.escape(p.title)}</text>',
            f'<rect x="{LABELS}" y="{y + 3}" width="{length:.1f}" height="{ROW - 6}" fill="{COLOURS[p.kind]}"/>',
            f'<text x="{LABELS + length + 6:.1f}" y="{y + 15}">{wall:.2f} s, {cpu:.1f} CPU s, {rss:.0f} MiB</text>',
        ]
        y += ROW
    return out, y + 14


def chart(results):
    """Returns an SVG with a panel for each set, with the largest number of threads that it was run with."""
    best = {}
    for r in results:
        if r["threads"] >= best.get(r["set"], r)["threads"]:
            best[r["set"]] = r
    lines, y = ['<text x="10" y="20">Wall seconds of the same job, shorter is better; CPU seconds and peak memory beside it. Generated files, unless called real.</text>'], 34
    for r in best.values():
        more, y = panel(r, y)
        lines += more
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}"'
            ' font-family="sans-serif" font-size="13">')
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="white"/>', *lines, "</svg>"]) + "\n"


HEAD = """# What the benchmarks gave

Made by `make bench-peers`, `make bench-csv`, `make bench-fhvhv`, `make bench-decade`, `make bench-query` and `make bench-ablation`, not by hand; its end is constants.md, which is written by hand. `make bench-cores` prints a table by cores; it needs a machine with more than two. All files but those called real are made by
`testdata/gen`: they have the schemas, codecs, sizes, order and dirt of TLC's, and no published row. All programs do the
same job, tripstats with `--quality=raw`, write both tables, and gave the same rows before they were timed. Files were in the system's cache.
Medians of the rounds; ratios are those within a round: median (least to most). The fastest peer and the fastest DuckDB are those of
the set. Of peers in Python, wall and CPU seconds are the job's, without the start of Python and the import of the library, which "process"
has; of the others they are the whole program's. Peak memory is the process's. The number of threads is set in each peer, and every program is kept
to as many cores. parquet-rs, bare decode, reads the job's eight columns and does nothing with them.

![wall time](peers.svg)

"""


PASSES = "### What each hand-made pass over the rows gains"
DECADE = "### The decade: yellow, from 2014-01 on, each month with the rows that TLC published; one run each"
QUERIES = "### Questions in SQL"


def load(name):
    """Returns a result that was kept, or None."""
    path = os.path.join(RESULTS, f"{name}.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def keep(name, result):
    os.makedirs(RESULTS, exist_ok=True)
    with open(os.path.join(RESULTS, f"{name}.json"), "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


def ablation(done):
    """Returns the table of what each hand-made pass gains, in Markdown."""
    columns = done["columns"]
    lines = [
        PASSES, "",
        f"`make bench-ablation` on {done['date']}, {done['machine']}; {done['files']} months of 3 million rows, {done['rounds']} rounds, tripstats"
        f" {done['commit']}, direct runner. CPU seconds in user mode without the pass over those with it, in turns on the same files: median"
        " (least to most). A pass stays if it gains 2 % on any of them.", "",
        "| without | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns),
    ]
    return "\n".join(lines + [f"| {title} | {' | '.join(cells)} |" for title, cells in done["passes"]]) + "\n"


def queries(done):
    """Returns the tables of declared tables and questions in Markdown."""
    lines = [
        QUERIES, "",
        f"`make bench-query` on {done['date']}, {done['machine']}; {', '.join(f'{k} {v}' for k, v in done['versions'].items())}; tripstats {done['commit']}, direct runner, --quality=raw if"
        f" nothing else is said. {done['months']} months of 3 million rows, in the codecs of TLC's files; 2 cores; {done['note']}.", "",
        "The questions are [questions.sql](questions.sql), in DuckDB the fastest of [these formulations](duckdb_questions.py), in Polars [these](polars_questions.py). Of both, wall"
        " seconds are the question's alone; of tripstats they are the whole program's.", "",
        "| question | tripstats: wall s | peak MiB | DuckDB: wall s | peak MiB | Polars: wall s | peak MiB | tripstats / DuckDB | at most |", "|---|" + "---:|" * 8,
    ]
    for name, r in done["questions"].items():
        cells = [f"{median(r[who], 'wall'):.2f} | {max(m['rss'] for m in r[who]):.0f}" if r[who] else "- | -" for who in ("tripstats", "duckdb", "polars")]
        lines.append(f"| {name} | {' | '.join(cells)} | {ratio(r['tripstats'], r['duckdb'], 'wall')} | {done['bounds']['question']} |")
    lines += ["", "| several tables in one pass | wall s | peak MiB | beside | wall s | ratio | at most |", "|---|---:|---:|---|---:|---:|---:|"]
    for what, beside, most, runs, base in done["passes"]:
        peak = max(m["rss"] for m in runs)
        lines.append(f"| {what} | {median(runs, 'wall'):.2f} | {peak:.0f} | {beside} | {median(base, 'wall'):.2f} | {ratio(runs, base, 'wall')} | {most} |")
    lines += ["", "| peak memory | MiB | at most |", "|---|---:|---:|"]
    lines += [f"| {what} | {peak if isinstance(peak, str) else f'{peak:.0f}'} | {most} |" for what, peak, most in done["memory"]]
    return "\n".join(lines) + "\n"


PAGE = os.path.join(common.HERE, "README.md")


def sections(page):
    """Returns the text of each section of a page by its heading; that before the first by None."""
    found = {None: ""}
    heading = None
    for line in page.splitlines(keepends=True):
        if line.startswith("### "):
            heading = line.strip()
            found[heading] = ""
        found[heading] += line
    return found


def write():
    """Writes the report. What was not measured on this machine stays on the page as it is."""
    kept = {}
    if os.path.exists(PAGE):
        with open(PAGE, encoding="utf-8") as f:
            kept = sections(f.read())
    results, tables = [], {}  # in the order of the page
    for name in TITLES:
        for threads in range(64, 0, -1):
            heading = f"### {title({'set': name, 'threads': threads})}"
            if r := load(f"{name}-{threads}"):
                results.append(r)
                tables[heading] = table(r)
            elif heading in kept:
                tables[heading] = kept[heading]
    done, passes, asked = load("decade"), load("ablation"), load("queries")
    for heading, text in ((DECADE, done and decade(done)), (QUERIES, asked and queries(asked)), (PASSES, passes and ablation(passes))):
        if text or heading in kept:
            tables[heading] = text or kept[heading]
    about = []  # lines on machines and versions
    for what in ("machine", "versions"):
        for found in dict.fromkeys(json.dumps(r[what]) for r in [*results, done] if r):
            found = json.loads(found)
            about.append(f"- {found if what == 'machine' else ', '.join(f'{k} {v}' for k, v in found.items())}")
    about = dict.fromkeys(about + [line for line in kept.get(None, "").splitlines() if line.startswith("- ")])
    text = HEAD + "".join(f"{line}\n" for line in about) + "\n" + "\n".join(t.rstrip("\n") + "\n" for t in tables.values())
    with open(os.path.join(common.HERE, "constants.md"), encoding="utf-8") as f:
        text += "\n" + f.read()
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(text)
    if results and len(results) == sum(h not in (DECADE, QUERIES, PASSES) for h in tables):  # a chart of some would drop the others
        with open(os.path.join(common.HERE, "peers.svg"), "w", encoding="utf-8") as f:
            f.write(chart(results))


if __name__ == "__main__":
    write()
