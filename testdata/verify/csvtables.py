"""The tables that files of csvtext.py give, raw and under the rules. Other scripts import it."""

import collections
import datetime
from fractions import Fraction

import shared
import standard as rules
from csvtext import EPOCH, MOST_RAW, UNIT

DAY = 86_400 * UNIT
_changes = [[int((t - EPOCH) / datetime.timedelta(microseconds=1)) for t in change] for change in rules.clock_changes()]
LIMITS = rules.LIMITS


def touches(a, b):
    """Tells whether a change of the clock is at or between two times."""
    low, high = min(a, b), max(a, b)
    return any(ends > low and begins <= high for begins, ends in _changes)


def month_of(micros):
    at = micros // DAY
    return (EPOCH + datetime.timedelta(days=at)).date().replace(day=1)


def months_between(month, other):
    return (other.year - month.year) * 12 + other.month - month.month


class Judged:
    """The tables of files under the rules, in the form of standard.Expected: other values by key. rules_of has the rules that apply to rows:
    by name of the file, pairs of the row's place in the text and the rule."""

    def __init__(self, sources, as_of=None):
        self.sources = sources
        self.as_of = as_of or max((s.month for s in sources if s.month), default=None)
        self.ledger, self.months = collections.Counter(), collections.defaultdict(collections.Counter)
        self.zones = collections.defaultdict(lambda: [0, 0])
        self.rules_of = collections.defaultdict(collections.Counter)
        for s in sources:
            self.add(s)
        self.tables = {
            "trip_stats": {key: rules.Expected.statistics(key[1].year, c) for key, c in self.months.items()},
            "location_stats": shared.with_names({key: [key[1].year, *counts] for key, counts in self.zones.items()}),
            "quality": {key: [rows] for key, rows in self.ledger.items()},
            "zones": shared.zone_table(),
        }

    def refused(self, s, row):
        """Returns the row rule that refuses a row, or None."""
        if row.refused:
            return row.refused
        if row.picked_up is None:
            return "pickup_missing"
        month = month_of(row.picked_up)
        if s.month:
            apart = abs(months_between(s.month, month))
            return {0: None, 1: "pickup_adjacent_month"}.get(apart, "pickup_stray")
        early = month < datetime.date(2009, 1, 1)
        return "pickup_stray" if early or self.as_of and month > self.as_of else None

    def add(self, s):
        refused = [self.refused(s, row) for row in s.trips]
        self.ledger[s.taxi, s.name, s.month, "rows_read", "file"] += len(refused)
        self.ledger[s.taxi, s.name, s.month, "rows_counted", "file"] += refused.count(None)
        if s.unknown:
            self.ledger[s.taxi, s.name, s.month, "column_unknown", "file"] += len(refused)
        if s.month:
            self.months[s.taxi, s.month].update({"trip_count": 0})
        for row, rule in zip(s.trips, refused):
            if rule:
                self.ledger[s.taxi, s.name, s.month, rule, "row"] += 1
                self.rules_of[s.name][row.line.start, rule] += 1
            else:
                self.count(s, row)

    def count(self, s, row):
        month = month_of(row.picked_up)
        fired, values = list(row.fired), dict.fromkeys(rules.AVERAGED) | row.measures
        left_out = set()

        def apply(measure, rule, applies):
            if applies:
                fired.append(rule)
                left_out.add(measure)

        if row.dropped_off is None:
            if "not_a_time" not in fired and not s.no_dropoff:
                fired.append("dropoff_missing")
        else:
            d = values["duration"] = row.dropped_off - row.picked_up
            apply("duration", "dropoff_before_pickup", d < 0)
            apply("duration", "duration_zero", d == 0)
            apply("duration", "duration_over", d > LIMITS["duration_over"] * 60 * UNIT)
            apply("duration", "clock_change", touches(row.picked_up, row.dropped_off))
        if row.dropped_off is None:
            apply("duration", "clock_change", touches(row.picked_up, row.picked_up))
        for m in ("distance", "amount", "tip"):
            if values[m] is not None:
                apply(m, f"{m}_negative", values[m] < 0)
                apply(m, f"{m}_over", values[m] > LIMITS[f"{m}_over"] * UNIT)
        passengers = values["passengers"]
        if passengers is not None:
            apply("passengers", "passengers_zero", passengers == 0)
            apply("passengers", "passengers_over", passengers > LIMITS["passengers_over"] * UNIT)
            apply("passengers", "not_a_number", passengers < -MOST_RAW * UNIT)
        c = self.months[s.taxi, month]
        amount = values["amount"]
        if amount is not None and amount < 0:
            c["refund_rows"] += 1
            c["refund_sum"] += amount
        zones = []
        for end, zone in zip(("pickup", "dropoff"), row.zones):
            if not s.has_zones or zone is None or not 1 <= zone <= 265:
                if s.has_zones and not (zone is None and s.dataset.no_zones):
                    fired.append(f"{end}_zone_{'missing' if zone is None else 'unknown'}")
                zone = rules.UNKNOWN_ZONE
            zones.append(zone)
        if not s.has_zones and not s.dataset.no_zones:
            fired.append("zone_missing")
        for rule in set(fired):
            self.ledger[s.taxi, s.name, month, rule, "cell"] += 1
            self.rules_of[s.name][row.line.start, rule] += 1
        c["trip_count"] += 1
        for m, value in values.items():
            if value is not None and m not in left_out:
                c[f"{m}_counted"] += 1
                c[f"{m}_sum"] += value
        self.zones[s.taxi, month, zones[0]][0] += 1
        self.zones[s.taxi, month, zones[1]][1] += 1


class Raw:
    """The tables of all rows, in the form of verify.Expected."""

    PER = {"passengers": UNIT, "distance": UNIT, "duration": 60 * UNIT, "amount": UNIT, "tip": UNIT}

    def __init__(self, sources):
        self.files, self.footer_rows = len(sources), sum(s.rows for s in sources)
        rows, zones = collections.defaultdict(list), collections.defaultdict(lambda: [0, 0])
        for s in sources:
            for row in s.trips:
                month = None if row.picked_up is None else month_of(row.picked_up)
                duration = None if month is None or row.dropped_off is None else row.dropped_off - row.picked_up
                rows[s.taxi, month].append(row.measures | {"duration": duration})
                zones[s.taxi, month, row.zones[0]][0] += 1
                zones[s.taxi, month, row.zones[1]][1] += 1
            if s.month:
                rows.setdefault((s.taxi, s.month), [])
        self.trip_stats = {
            key: [key[1] and key[1].year, len(of), *(average([r.get(m) for r in of], per) for m, per in self.PER.items())] for key, of in rows.items()
        }
        self.location_stats = shared.with_names({key: [key[1] and key[1].year, *counts] for key, counts in zones.items()})
        self.zones = shared.zone_table()


def average(values, per):
    values = [v for v in values if v is not None]
    return float(Fraction(sum(values), len(values) * per)) if values else None
