"""Reads CSV files of trips by the rules for text alone. Other scripts import it.

This program uses nothing of tripstats. Lines are cut at every LF, and each is parsed alone by Python's csv module. Numbers are fractions,
times are counted in microseconds. It is slow, and meant for small files.
"""

import collections
import csv
import datetime
import os
import re
import zlib
from fractions import Fraction

import standard as rules

UNIT = rules.UNIT
LONGEST = 1 << 20  # of a line, in bytes
MOST_RAW = 10**8  # of a measure, without rules
MOST = 9 * 10**12  # of a measure, with rules
EPOCH = datetime.datetime(1970, 1, 1)


class Refused(Exception):
    """A file that cannot be used: kind, a word for the reason, and where it is: pairs of a line and a column, of which a message has to name
    one. A column of None is the line itself."""

    def __init__(self, kind, places=()):
        super().__init__(kind, sorted(places, key=str)[:3])
        self.kind, self.places = kind, set(places)


# The lines of a file.


def unpacked(content, name):
    """Returns the text of a file."""
    if content[:2] != b"\x1f\x8b":
        if not content:
            raise Refused("empty")
        return content
    out, rest = [], content
    while rest:
        one = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            out.append(one.decompress(rest) + one.flush())
        except zlib.error:
            raise Refused("gzip") from None
        if not one.eof:
            raise Refused("gzip")
        rest = one.unused_data
    return b"".join(out)


class Line:
    """A line of a text: the byte at which it starts, its number, and its cells, or None if it is malformed."""

    def __init__(self, start, number, content):
        self.start, self.number, self.content = start, number, content
        self.cells = cells_of(content)


def content_of(line):
    """Returns a line without its end."""
    if line.endswith(b"\n"):
        line = line[:-1]
    if line.endswith(b"\r"):
        line = line[:-1]
    return line


QUOTED = re.compile(r' *"(?:[^"]|"")*" *')
PLAIN = re.compile(r"[^,]*")


def well_quoted(text):
    """Tells whether each cell that begins with a quote ends with one, before a comma or the end."""
    at = 0
    while True:
        quoted = text[at:].lstrip(" ").startswith('"')
        cell = (QUOTED if quoted else PLAIN).match(text, at)
        if cell is None:
            return False
        at = cell.end()
        if at == len(text):
            return True
        if text[at] != ",":
            return False
        at += 1


def cells_of(content):
    """Returns the cells of a line, without quotes and without spaces around them, or None if a quote is wrong or a byte is NUL."""
    if b"\0" in content:
        return None
    text = content.decode("latin-1").replace("\r", "\ue000").replace("\n", "\ue001")
    if not well_quoted(text):
        return None
    (cells,) = csv.reader([text], skipinitialspace=True) if text else [[""]]
    return [c.replace("\ue000", "\r").replace("\ue001", "\n").strip(" ") for c in cells]


class Text:
    """A CSV file: names, by cell, and lines, malformed ones too; how many lines there are, and blank ones."""

    def __init__(self, content, name):
        text = unpacked(content, name)
        if text[:2] in (b"\xff\xfe", b"\xfe\xff") or text[:4] in (b"PAR1", b"PK\x03\x04", b"\x28\xb5\x2f\xfd") or text[:3] == b"BZh":
            raise Refused("no text")
        self.names, self.lines, self.count, self.blank = None, [], 0, 0
        start = 3 if text.startswith(b"\xef\xbb\xbf") else 0
        while start < len(text):
            end = text.find(b"\n", start) + 1 or len(text)
            self.count += 1
            content = content_of(text[start:end])
            if len(content) > LONGEST:
                raise Refused("long", {(self.count, None)})
            if not content:
                self.blank += 1
            elif self.names is None:
                self.header(content)
            else:
                self.add(Line(start, self.count, content))
            start = end
        if self.names is None:
            raise Refused("empty")

    def header(self, content):
        if b"\0" in content:
            raise Refused("NUL")
        names, cr, rest = content.partition(b"\r")
        if cr and 0 < names.count(b",") <= rest.partition(b"\r")[0].count(b","):  # a row follows on the same line
            raise Refused("CR")
        for other in b"\t;|":
            if content.count(other) > content.count(b","):
                raise Refused("separator")
        names = cells_of(content)
        if names is None:
            raise Refused("header")
        names = [n.strip(" \t\n\v\f\r") for n in names]
        while names and not names[-1]:
            names.pop()
        if not names:
            raise Refused("header")
        self.names = names

    def add(self, line):
        n = len(self.names)
        if line.cells is not None and (len(line.cells) < n or any(line.cells[n:])):
            line.cells = None
        self.lines.append(line)


# Which taxi's.

# No rule is about nulls of the dropoff in files up to the month no_dropoff, nor about nulls of zones if no_zones.
Dataset = collections.namedtuple("Dataset", "taxi signatures without pickup dropoff zones measures known no_dropoff no_zones", defaults=[None, False])
ZONES = ["pulocationid", "dolocationid"]
COORDINATES = rules.COORDINATES
MEASURES = {m: [name] for m, name in rules.MEASURES.items()}
PICKUPS = "trip_pickup_datetime pickup_datetime tpep_pickup_datetime lpep_pickup_datetime pickup_date".split()
SINCE_2011 = rules.SINCE_2011.split()
JUNE_2020 = """pickup_datetime dropoff_datetime vendorid passenger_count trip_distance ratecodeid store_and_fwd_flag pulocationid
    dolocationid payment_type fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge""".split()
EVER = datetime.date.max
PAID = "base_passenger_fare tolls bcf sales_tax congestion_surcharge airport_fee cbd_congestion_fee tips".split()


def since_2011(taxi, prefix, more):
    times = [f"{prefix}_pickup_datetime", f"{prefix}_dropoff_datetime"]
    return Dataset(taxi, [times + ZONES, times + COORDINATES], PICKUPS, *times, ZONES, MEASURES, [*SINCE_2011, *COORDINATES, *more])


OLD = [v for v in rules.VARIANTS if v.coordinates and v.times[0] in ("pickup_datetime", "trip_pickup_datetime")]
HIRED = ["pickup_datetime", "dropoff_datetime", *ZONES]
DATASETS = [
    since_2011("yellow", "tpep", ["airport_fee"]),
    since_2011("green", "lpep", ["ehail_fee", "trip_type"]),
    *(
        Dataset(v.taxi, [v.times + v.coordinates], PICKUPS, *v.times, [], {m: [n] for m, n in v.measures.items()}, [*v.others.split(), *v.coordinates])
        for v in OLD
    ),
    Dataset("yellow", [JUNE_2020], PICKUPS, "pickup_datetime", "dropoff_datetime", ZONES, MEASURES, [*SINCE_2011, *COORDINATES]),
    Dataset("green", [[*JUNE_2020, "ehail_fee", "trip_type"]], PICKUPS, "pickup_datetime", "dropoff_datetime", ZONES, MEASURES,
            [*SINCE_2011, *COORDINATES, "ehail_fee", "trip_type"]),
    Dataset("fhvhv", [["hvfhs_license_num", *more, *HIRED] for more in (["dispatching_base_num"], ["sr_flag"], [])], PICKUPS, "pickup_datetime", "dropoff_datetime", ZONES,
            {"distance": ["trip_miles"], "amount": PAID, "tip": ["tips"]},
            """hvfhs_license_num dispatching_base_num vendorid originating_base_num request_datetime on_scene_datetime trip_time driver_pay
            shared_request_flag shared_match_flag access_a_ride_flag wav_request_flag wav_match_flag sr_flag""".split()),
    Dataset("fhv", [["dispatching_base_num", *HIRED], ["sr_flag", *HIRED]], PICKUPS, "pickup_datetime", "dropoff_datetime", ZONES, {},
            "dispatching_base_num vendorid dispatching_base_number sr_flag affiliated_base_number".split(), datetime.date(2017, 5, 1), True),
    Dataset("fhv", [["pickup_date", "dispatching_base_num"]], PICKUPS, "pickup_date", None, ["locationid"], {}, ["dispatching_base_num"], EVER, True),
]


def names_of(dataset):
    return {dataset.pickup, dataset.dropoff or "", *dataset.zones, *(n for names in dataset.measures.values() for n in names), *dataset.known}


def dataset_of(names):
    """Returns the dataset of a file with these names in lower case."""
    found = []
    for d in DATASETS:
        for signature in d.signatures:
            if set(signature) <= set(names):
                if any(p in names for p in d.without if p != d.pickup):
                    raise Refused("columns")
                found.append((d, set(signature)))
                break
    found = [(d, s) for d, s in found if not any(s < other for _, other in found)]
    if len(found) != 1:
        raise Refused("columns")
    return found[0][0]


# What cells mean.

NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?", re.A)


def number(text):
    """Returns the number in a text, or None."""
    m = NUMBER.fullmatch(text)
    if m is None:
        return None
    exponent = max(-1000, min(1000, int(m[3] or 0))) if m[3] else 0
    value = Fraction(m[2]) * Fraction(10) ** exponent
    return -value if m[1] == "-" else value


def millionths(value):
    """Rounds half away from zero."""
    n = int(abs(value) * UNIT * 2 + 1) // 2
    return -n if value < 0 else n


TIME = re.compile(
    r"(?:(?P<y>\d{4})(?P<sep>[-/])(?P<m>\d\d?)(?P=sep)(?P<d>\d\d?)|(?P<a>\d\d?)/(?P<b>\d\d?)/(?P<y2>\d{4}))"
    r"[ T](?P<H>\d\d?):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<F>\d+))?)?"
    r"(?: ?(?P<half>[AaPp][Mm])| ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?))?",
    re.A,
)
NEW_YORK = rules.zoneinfo.ZoneInfo("America/New_York")


class Zoned(Exception):
    """A time with a zone, where nobody said what that means."""


def time_of(text, order, utc):
    """Returns a time in microseconds since 1970, or None."""
    m = TIME.fullmatch(text)
    if m is None:
        return None
    if m["y"]:
        year, month, day = int(m["y"]), int(m["m"]), int(m["d"])
    else:
        year, month, day = int(m["y2"]), int(m["a"]), int(m["b"])
        if order == "dmy":
            month, day = day, month
        elif order != "mdy":
            return None
    hour, minute, second = int(m["H"]), int(m["M"]), int(m["S"] or 0)
    if m["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if m["half"][0] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= month <= 12:
        return None
    # Years that Python does not know: the calendar repeats every 400 years.
    shift = 400 if year < 400 else 0
    try:
        at = datetime.datetime(year + shift, month, day)
    except ValueError:
        return None
    days = (at - EPOCH).days - (146_097 if shift else 0)
    micros = ((days * 24 + hour) * 60 + minute) * 60 * UNIT + second * UNIT
    offset = 0
    if m["zone"]:
        zone = m["zone"]
        if zone not in ("Z", "UTC"):
            digits = zone[1:].replace(":", "")
            hours, minutes = int(digits[:2]), int(digits[2:] or 0)
            if hours > 23 or minutes > 59:
                return None
            offset = (hours * 60 + minutes) * 60 * UNIT * (-1 if zone[0] == "-" else 1)
        if not utc:
            raise Zoned
        if utc == "convert":
            micros -= offset
    fraction = Fraction(int(m["F"]), 10 ** len(m["F"])) * UNIT if m["F"] else Fraction(0)
    whole, rest = divmod(fraction, 1)
    micros += int(whole)
    micros += rest > Fraction(1, 2) or rest == Fraction(1, 2) and micros >= 0
    if m["zone"] and utc == "convert":
        seconds, part = divmod(micros, UNIT)
        instant = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        wall = instant.astimezone(NEW_YORK).replace(tzinfo=None) - EPOCH
        micros = (wall.days * 86_400 + wall.seconds) * UNIT + part
    return micros


SLASHES = re.compile(r"(\d\d?)/(\d\d?)/\d{4}", re.A)


def evidence(texts):
    """Tells whether there are times whose date ends with the year, and the orders of those that can be read in one order alone."""
    orders = [{o for o in ("mdy", "dmy") if time_of(t, o, "wall") is not None} for t in texts if SLASHES.match(t)]
    return any(orders), {o for of in orders if len(of) == 1 for o in of}


def order_of(pickups, dropoffs, asked):
    """Returns the order of the dates of a file that end with the year. The dropoffs tell it if the pickups do not."""
    any_, orders = evidence(pickups)
    if asked or not any_ and not evidence(dropoffs)[0]:
        return asked
    orders = orders or evidence(dropoffs)[1]
    if len(orders) != 1:
        raise Refused("dates")
    return orders.pop()


# A file.

Row = collections.namedtuple("Row", "line picked_up dropped_off zones measures refused fired", defaults=[None, ()])
NULL = ("", "N/A")


class Source:
    """A file: its name in the ledger, taxi, month, rows, malformed ones too, and unknown columns. It raises Refused."""

    def __init__(self, path, name, utc=None, dates=None, raw=False):
        with open(path, "rb") as f:
            text = Text(f.read(), name)
        self.path, self.name, self.text, self.raw = path, name, text, raw
        self.rows = len(text.lines)
        lower = [n.lower() for n in text.names]
        d = self.dataset = dataset_of([n for n in lower if n])
        self.taxi = d.taxi
        found = re.search(r"20\d\d-(?:0[1-9]|1[0-2])", os.path.basename(path))
        self.month = datetime.date.fromisoformat(found.group() + "-01") if found else None
        self.has_zones = any(z in lower for z in d.zones)
        self.unknown = {n for n in lower if n} - names_of(d)
        self.no_dropoff = d.no_dropoff is not None and (self.month is None or self.month <= d.no_dropoff)
        wanted = [d.pickup, d.dropoff or "", *(d.zones if self.has_zones else []), *(n for names in d.measures.values() for n in names)]
        self.at = {}
        for name in filter(None, wanted):
            if lower.count(name) > 1:
                raise Refused("twice")
            if name in lower:
                self.at[name] = lower.index(name)
        self.read_columns = [n for n in text.names if n.lower() in self.at]
        pickups, dropoffs = ([line.cells[self.at[name]] for line in text.lines if line.cells] if name in self.at else [] for name in (d.pickup, d.dropoff))
        self.order = order_of(pickups, dropoffs, dates)
        self.utc = utc
        self.bad = set()  # places where raw stops
        self.trips = [self.row(line) for line in text.lines]
        if raw and self.bad:
            raise Refused("value", self.bad)

    def cell(self, line, name):
        """Returns the text of a cell, or None if it is null."""
        if name not in self.at:
            return None
        text = line.cells[self.at[name]]
        return None if text in NULL else text

    def wrong(self, line, name):
        self.bad.add((line.number, self.text.names[self.at[name]]))

    def time(self, line, name):
        """Returns a time, and whether the cell holds none."""
        text = self.cell(line, name)
        if text is None:
            return None, False
        try:
            value = time_of(text, self.order, self.utc)
        except Zoned:
            raise Refused("zone") from None
        if value is None:
            self.wrong(line, name)
        return value, value is None

    def measure(self, line, names):
        """Returns the sum of cells in millionths, None if all are null, and whether one of them holds no number."""
        total, bad = None, False
        for name in names:
            text = self.cell(line, name)
            if text is None:
                continue
            value = number(text)
            units = None if value is None else millionths(value)
            if units is None or abs(units) > (MOST_RAW if self.raw else MOST) * UNIT:
                self.wrong(line, name)
                bad = True
            else:
                total = units + (total or 0)
        return (None, True) if bad else (total, False)

    def zone(self, line, name):
        """Returns a zone, None if it is null, and whether the cell holds no number."""
        text = self.cell(line, name)
        if text is None:
            return None, False
        value = number(text)
        if value is None:
            self.wrong(line, name)
            return None, True
        if value.denominator != 1 or not -(2**31) <= value < 2**31:
            self.wrong(line, name)
            return 0, False
        return int(value), False

    def row(self, line):
        if line.cells is None:
            self.bad.add((line.number, None))
            return Row(line, None, None, (None, None), {}, "malformed")
        d = self.dataset
        picked_up, no_pickup = self.time(line, d.pickup)
        dropped_off, no_dropoff = self.time(line, d.dropoff or "")
        zones, measures, no_number = [], {}, False
        for name in [*d.zones, None, None][:2]:
            zone, bad = self.zone(line, name)
            zones.append(zone)
            no_number |= bad
        for m, names in d.measures.items():
            measures[m], bad = self.measure(line, names)
            no_number |= bad
        refused = "pickup_not_a_time" if no_pickup else None
        fired = [rule for rule, fires in (("not_a_time", no_dropoff), ("not_a_number", no_number)) if fires]
        return Row(line, picked_up, dropped_off, tuple(zones), measures, refused, fired)
