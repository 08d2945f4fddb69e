// Package quality judges trips by rules, so that no good data is thrown away with the bad, and counts what each rule
// did. A row rule refuses a row: it is counted nowhere. A cell rule leaves one value out of its average, or counts one
// zone as unknown: the trip still counts.
package quality

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"tripstats/transforms/element"
	"tripstats/transforms/timezone"
	"tripstats/transforms/trip"
)

// Scope is what a line of the ledger counts.
type Scope string

// The scopes, as they stand in the ledger.
const (
	File Scope = "file" // about a file as a whole
	Row  Scope = "row"  // rows refused
	Cell Scope = "cell" // values left out
)

// ID names a rule in batches and accumulators: its place in [Rules].
type ID int32

// Named returns the rule with a name. It panics if the table has no such rule.
func Named(name string) ID {
	i := slices.IndexFunc(Rules, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		panic("quality: no rule " + name)
	}
	return ID(i)
}

// Rule is one line of the table of rules: what users read about it, and its check.
type Rule struct {
	Name   string
	Was    string // the name that earlier versions had, or ""
	Scope  Scope
	Limit  int64  // exclusive, in the unit below; 0 where the rule has none
	Unit   int64  // the integer of the columns that stands for a limit of 1; 0 without limit
	In     string // the unit's name
	Reason string
	Source string

	// Unreadable tells that the rule is about text that is not what it should be. If many rows have it, the file may be in another form.
	Unreadable bool

	// The check. A row rule has one of the first three. Rules about rows that a batch marks are asked first, then rules about months, then
	// rules about rows, each in the table's order; the first that applies to a row refuses it.
	// Cell rules look at the other rows, and all that apply fire.
	Check

	// About are the columns whose values the check is about, beside [Check.Leaves]. Of a cell rule it is enough that one is wanted.
	About []trip.Field
	Also  []trip.Field // the same for columns that are only there if somebody else wants them
	Looks []trip.Field // the further columns that the check looks at
}

// Check is how a rule finds rows or values. Limits are in the fixed point of the columns.
type Check struct {
	// Marks returns the rows that a row rule refuses, ascending, as the batch has them. None of them has a pickup.
	Marks func(b *trip.Batch) []int32

	// Month tells whether a row rule refuses pickups of the month pickup in a file of the month file; asOf is [Config.AsOf].
	// Months are since 1970-01, or element.NoMonth.
	Month func(pickup, file, asOf int32) bool

	// Refuses tells whether a row rule refuses a row.
	Refuses func(b *trip.Batch, row int, limit int64) bool

	// Values are the spans of values that a cell rule leaves out of the column Leaves: each from its least to its largest.
	Leaves trip.Field
	Values func(limit int64) [][2]int64
	Sums   bool // the findings have the sum of the values that were left out

	// Finds fires a cell rule that needs the values of several columns. It also leaves out the values.
	Finds func(fn *judgeFn, id ID, b *trip.Batch, month int32, start, end int)

	// Zones tells that the rule is about which zones exist. In a place with other zones than TLC's, Values are the numbers that are not
	// zones of the place. What the rule finds becomes the place's unknown zone. If this is 0, Values become null, and the rule does not
	// look for nulls.
	Zones bool
}

// The values that rules leave out.
func negative(int64) [][2]int64   { return [][2]int64{{math.MinInt64, -1}} }
func zero(int64) [][2]int64       { return [][2]int64{{0, 0}} }
func over(limit int64) [][2]int64 { return [][2]int64{{limit + 1, math.MaxInt64}} }
func noZone(int64) [][2]int64     { return noZoneOf(newYork) }

// beyond are values so far below zero that a batch of them might not sum in 64 bits. No other rule is about negative counts of
// passengers.
func beyond(int64) [][2]int64 { return [][2]int64{{math.MinInt64, -trip.MaxValue*trip.Unit - 1}} }

const (
	minute   = 60_000_000 // µs
	measures = "plausibility: chosen so that TLC's own monthly indicators are met"
	refunds  = "TLC's data dictionary: a negative amount is a refund or a voided trip, recorded beside its charge"
	ours     = "definition of the tables"
	driver   = "TLC's data dictionary: a driver-entered value"
	zones    = "TLC's zone table has 1 to 265, of which 264 is Unknown"
)

// Rules is the table of rules. Limits are exclusive. The names are a contract: they stand in the ledger.
var Rules = []Rule{
	{
		Name: "malformed", Scope: Row, Source: "published CSV files: lines that are cut or run into another", Unreadable: true,
		Reason: "a line of text that has not the cells that the header names: too few, too many, a quote that does not end, or a NUL byte",
		Check:  Check{Marks: malformed},
	},
	{
		Name: "pickup_not_a_time", Scope: Row, Source: ours, Unreadable: true,
		Reason: "the pickup is text and not a time: the trip belongs to no month",
		Looks:  []trip.Field{trip.Pickup},
		Check:  Check{Marks: func(b *trip.Batch) []int32 { return b.NotPickups }},
	},
	{
		Name: "pickup_missing", Scope: Row, Source: ours,
		Reason: "without a pickup time a trip belongs to no month",
		Looks:  []trip.Field{trip.Pickup},
		Check:  Check{Month: func(pickup, _, _ int32) bool { return pickup == element.NoMonth }},
	},
	{
		Name: "pickup_adjacent_month", Scope: Row, Source: "published files: a few rows at each end of a month",
		Reason: "the pickup is in the month before or after the file's month: the trip belongs to another file",
		Looks:  []trip.Field{trip.Pickup},
		Check: Check{Month: func(pickup, file, _ int32) bool {
			return file != element.NoMonth && (pickup == file-1 || pickup == file+1)
		}},
	},
	{
		Name: "pickup_stray", Scope: Row, Source: "published files: pickups of 2001, 2008, 2088",
		Reason: "the pickup is in any other month: the clock was wrong; if the file's name has no month: before 2009-01 or after --as-of",
		Looks:  []trip.Field{trip.Pickup},
		Check: Check{Month: func(pickup, file, asOf int32) bool {
			if file == element.NoMonth {
				return pickup < FirstMonth || asOf != element.NoMonth && pickup > asOf
			}
			return pickup != file
		}},
	},

	{
		Name: "not_a_time", Scope: Cell, Source: ours, Unreadable: true,
		Reason: "the dropoff, or another time that somebody asks for, is text and not a time: there is no duration",
		About:  []trip.Field{trip.Dropoff, trip.Duration},
		Also:   otherTimes(),
		Check:  Check{Finds: notATime},
	},
	{
		Name: "dropoff_missing", Scope: Cell, Source: ours,
		Reason: "without a dropoff time there is no duration",
		About:  []trip.Field{trip.Dropoff, trip.Duration},
		Looks:  []trip.Field{trip.Dropoff},
		Check:  Check{Finds: dropoffMissing},
	},
	{
		Name: "dropoff_before_pickup", Scope: Cell, Source: ours,
		Reason: "no trip takes negative time",
		Check:  Check{Leaves: trip.Duration, Values: negative},
	},
	{
		Name: "duration_zero", Scope: Cell, Source: ours,
		Reason: "no trip takes no time",
		Check:  Check{Leaves: trip.Duration, Values: zero},
	},
	{
		Name: "duration_over", Was: "duration_over_5h", Scope: Cell, Limit: 300, Unit: minute, In: "minutes", Source: measures,
		Reason: "many of these last about 24 hours: the meter was not stopped",
		Check:  Check{Leaves: trip.Duration, Values: over},
	},
	{
		Name: "clock_change", Scope: Cell, Source: "IANA time zone America/New_York",
		Reason: "pickup or dropoff is in the hour that New York's clock repeats or skips, or the trip crosses it: wall clock times do not tell the duration",
		About:  []trip.Field{trip.Duration},
		Looks:  []trip.Field{trip.Pickup, trip.Dropoff},
		Check:  Check{Finds: clockChange},
	},
	{
		Name: "distance_negative", Scope: Cell, Source: ours,
		Reason: "no trip has a negative length",
		Check:  Check{Leaves: trip.Distance, Values: negative},
	},
	{
		Name: "distance_over", Was: "distance_over_200mi", Scope: Cell, Limit: 200, Unit: trip.Unit, In: "miles", Source: measures,
		Reason: "published files hold distances up to 300,000 miles",
		Check:  Check{Leaves: trip.Distance, Values: over},
	},
	{
		Name: "amount_negative", Scope: Cell, Source: refunds,
		Reason: "a refund; it is counted in refund_rows and refund_sum",
		Check:  Check{Leaves: trip.Amount, Values: negative, Sums: true},
	},
	{
		Name: "tip_negative", Scope: Cell, Source: refunds,
		Reason: "part of a refund",
		Check:  Check{Leaves: trip.Tip, Values: negative},
	},
	{
		Name: "amount_over", Was: "amount_over_5000usd", Scope: Cell, Limit: 5000, Unit: trip.Unit, In: "dollars", Source: measures,
		Reason: "an entry error",
		Check:  Check{Leaves: trip.Amount, Values: over},
	},
	{
		Name: "tip_over", Was: "tip_over_5000usd", Scope: Cell, Limit: 5000, Unit: trip.Unit, In: "dollars", Source: measures,
		Reason: "an entry error",
		Check:  Check{Leaves: trip.Tip, Values: over},
	},
	{
		Name: "passengers_zero", Scope: Cell, Source: driver,
		Reason: "the driver entered no count",
		Check:  Check{Leaves: trip.Passengers, Values: zero},
	},
	{
		Name: "passengers_over", Was: "passengers_over_9", Scope: Cell, Limit: 9, Unit: trip.Unit, In: "passengers", Source: driver,
		Reason: "no taxi seats more",
		Check:  Check{Leaves: trip.Passengers, Values: over},
	},
	{
		Name: "not_a_number", Scope: Cell, Source: ours, Unreadable: true,
		Reason: "text that is no number; NaN, infinite, or too large for 64 bits in millionths; or a passenger count below -10^8, which no other rule covers",
		Also:   filesNumbers(),
		Check:  Check{Finds: notANumber, Leaves: trip.Passengers, Values: beyond},
	},
	{
		Name: "zone_missing", Scope: Cell, Source: "TLC's files of before 2011, and of before mid 2016 as first published",
		Reason: "the file has coordinates instead of zones; both zones count as 264 (Unknown)",
		About:  []trip.Field{trip.PickupZone, trip.DropoffZone},
		Check:  Check{Finds: zoneMissing, Zones: true},
	},
	{
		Name: "pickup_zone_missing", Scope: Cell, Source: zones,
		Reason: "null; counts as 264 (Unknown)",
		About:  []trip.Field{trip.PickupZone},
		Check:  Check{Finds: zoneNull(trip.PickupZone), Zones: true},
	},
	{
		Name: "dropoff_zone_missing", Scope: Cell, Source: zones,
		Reason: "null; counts as 264 (Unknown)",
		About:  []trip.Field{trip.DropoffZone},
		Check:  Check{Finds: zoneNull(trip.DropoffZone), Zones: true},
	},
	{
		Name: "pickup_zone_unknown", Scope: Cell, Source: zones,
		Reason: "outside 1 to 265; counts as 264 (Unknown)",
		Check:  Check{Leaves: trip.PickupZone, Values: noZone, Zones: true},
	},
	{
		Name: "dropoff_zone_unknown", Scope: Cell, Source: zones,
		Reason: "outside 1 to 265; counts as 264 (Unknown)",
		Check:  Check{Leaves: trip.DropoffZone, Values: noZone, Zones: true},
	},
}

// The zones of TLC's table, and the one that stands for a zone that is not known.
const (
	FirstZone   = 1
	LastZone    = 265
	UnknownZone = 264
)

// Limits are the limits in force, by rule name, in the rule's unit. Only overridden ones are in the map.
type Limits map[string]int64

// ParseLimits reads overrides as name=value,name=value.
func ParseLimits(s string) (Limits, error) {
	limits := Limits{}
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(Rules, func(r Rule) bool { return r.Name == name })
		if was := slices.IndexFunc(Rules, func(r Rule) bool { return r.Was != "" && r.Was == name }); was >= 0 {
			return nil, fmt.Errorf("found limit %q, expected the rule's name of today, %s", part, Rules[was].Name)
		}
		if !ok || i < 0 || Rules[i].Unit == 0 {
			return nil, fmt.Errorf("found limit %q, expected RULE=NUMBER with one of %s", part, strings.Join(limited(), ", "))
		}
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil || n <= 0 || n > trip.MaxValue {
			return nil, fmt.Errorf("found limit %q, expected a whole number of %s from 1 to %d", part, Rules[i].In, trip.MaxValue)
		}
		if _, twice := limits[name]; twice {
			return nil, fmt.Errorf("found limit %s twice, expected it once", name)
		}
		limits[name] = n
	}
	return limits, nil
}

// limited are the rules that have a limit, for messages.
func limited() []string {
	var names []string
	for _, r := range Rules {
		if r.Unit != 0 {
			names = append(names, fmt.Sprintf("%s (in %s, now %d)", r.Name, r.In, r.Limit))
		}
	}
	return names
}

// Effective is every limit in force, by rule name.
func (l Limits) Effective() map[string]int64 {
	out := map[string]int64{}
	for _, r := range Rules {
		if r.Unit != 0 {
			out[r.Name] = r.Limit
		}
	}
	maps.Copy(out, l)
	return out
}

// of returns the limit of a rule in the domain's fixed point.
func (l Limits) of(id ID) int64 { return l.Effective()[Rules[id].Name] * Rules[id].Unit }

// String renders the limits in force, sorted by name.
func (l Limits) String() string {
	var parts []string
	effective := l.Effective()
	for _, name := range slices.Sorted(maps.Keys(effective)) {
		parts = append(parts, fmt.Sprintf("%s=%d", name, effective[name]))
	}
	return strings.Join(parts, ",")
}

// Digest identifies the rules, limits and time zones that made an output: two outputs with one digest were judged alike.
func (l Limits) Digest() string {
	h := sha256.New()
	for _, r := range Rules {
		fmt.Fprintf(h, "%s %s\n", r.Name, r.Scope)
	}
	fmt.Fprintln(h, l)
	fmt.Fprintln(h, "time zones", timezone.Version) // the rule clock_change follows them
	return hex.EncodeToString(h.Sum(nil))[:16]
}
