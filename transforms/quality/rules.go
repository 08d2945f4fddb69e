// Package quality judges trips by rules, so that no good data is thrown away with the bad, and counts what each rule
// did. A row rule refuses a row: it is counted nowhere. A cell rule leaves one value out of its average, or counts one
// zone as unknown: the trip still counts.
package quality

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tripstats/transforms/newyork"
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

// ID names a rule in batches and accumulators: its place in Rules.
type ID int32

// The rules, in the order in which they are tried.
const (
	PickupMissing ID = iota
	PickupAdjacentMonth
	PickupStray

	DropoffMissing
	DropoffBeforePickup
	DurationZero
	DurationOver
	ClockChange
	DistanceNegative
	DistanceOver
	AmountNegative
	TipNegative
	AmountOver
	TipOver
	PassengersZero
	PassengersOver
	NotANumber
	ZoneMissing
	PickupZoneMissing
	DropoffZoneMissing
	PickupZoneUnknown
	DropoffZoneUnknown

	count int = iota
)

// Rule is one line of the table of rules.
type Rule struct {
	Name   string
	Scope  Scope
	Limit  int64  // exclusive, in the unit below; 0 where the rule has none
	Unit   int64  // of the limit: what one is in the domain's fixed point, 0 without limit
	In     string // the unit's name
	Reason string
	Source string
}

const (
	minute   = 60_000_000 // µs
	measures = "plausibility: chosen so that TLC's own monthly indicators are met"
	refunds  = "TLC's data dictionary: a negative amount is a refund or a voided trip, recorded beside its charge"
)

// Rules is the table of rules. Row rules: the first in this order that applies. Cell rules: all that apply fire.
// Limits are exclusive. The names are a contract: they stand in the ledger.
var Rules = [count]Rule{
	PickupMissing:       {Name: "pickup_missing", Scope: Row, Reason: "without a pickup time a trip belongs to no month", Source: "definition of the tables"},
	PickupAdjacentMonth: {Name: "pickup_adjacent_month", Scope: Row, Reason: "a trip of the month before or after the file's: it belongs to that month's file", Source: "published files: a few rows at each end of a month"},
	PickupStray:         {Name: "pickup_stray", Scope: Row, Reason: "a pickup in any other month is a clock that was wrong; for a file without a month in its name, before 2009-01 or after --as-of", Source: "published files: pickups of 2001, 2008, 2088"},

	DropoffMissing:      {Name: "dropoff_missing", Scope: Cell, Reason: "without a dropoff time there is no duration", Source: "definition of the tables"},
	DropoffBeforePickup: {Name: "dropoff_before_pickup", Scope: Cell, Reason: "no trip takes negative time", Source: "definition of the tables"},
	DurationZero:        {Name: "duration_zero", Scope: Cell, Reason: "no trip takes no time", Source: "definition of the tables"},
	DurationOver:        {Name: "duration_over_5h", Scope: Cell, Limit: 300, Unit: minute, In: "minutes", Reason: "0.2 to 0.4 % of rows run about 24 hours: a meter that was not stopped", Source: measures},
	ClockChange:         {Name: "clock_change", Scope: Cell, Reason: "within the hour that New York's clock repeats or skips, or across it, the duration cannot be known from wall-clock times", Source: "IANA time zone America/New_York"},
	DistanceNegative:    {Name: "distance_negative", Scope: Cell, Reason: "no trip has a negative length", Source: "definition of the tables"},
	DistanceOver:        {Name: "distance_over_200mi", Scope: Cell, Limit: 200, Unit: trip.Unit, In: "miles", Reason: "published files hold distances up to 300,000 miles", Source: measures},
	AmountNegative:      {Name: "amount_negative", Scope: Cell, Reason: "a refund, counted in refund_rows and refund_sum", Source: refunds},
	TipNegative:         {Name: "tip_negative", Scope: Cell, Reason: "part of a refund", Source: refunds},
	AmountOver:          {Name: "amount_over_5000usd", Scope: Cell, Limit: 5000, Unit: trip.Unit, In: "dollars", Reason: "an entry error", Source: measures},
	TipOver:             {Name: "tip_over_5000usd", Scope: Cell, Limit: 5000, Unit: trip.Unit, In: "dollars", Reason: "an entry error", Source: measures},
	PassengersZero:      {Name: "passengers_zero", Scope: Cell, Reason: "the driver entered no count", Source: "TLC's data dictionary: a driver-entered value"},
	PassengersOver:      {Name: "passengers_over_9", Scope: Cell, Limit: 9, Unit: trip.Unit, In: "passengers", Reason: "no taxi seats more", Source: "TLC's data dictionary: a driver-entered value"},
	NotANumber:          {Name: "not_a_number", Scope: Cell, Reason: "NaN or infinite, or beyond what 64 bits at 10^-6 hold; a passenger count below -10^8 too, as no other rule has it", Source: "definition of the tables"},
	ZoneMissing:         {Name: "zone_missing", Scope: Cell, Reason: "the file has coordinates instead of zones; both zones count as 264 (Unknown)", Source: "TLC's files of before 2011, and of before mid 2016 as first published"},
	PickupZoneMissing:   {Name: "pickup_zone_missing", Scope: Cell, Reason: "null; counts as 264 (Unknown)", Source: "TLC's zone table: 264 is Unknown"},
	DropoffZoneMissing:  {Name: "dropoff_zone_missing", Scope: Cell, Reason: "null; counts as 264 (Unknown)", Source: "TLC's zone table: 264 is Unknown"},
	PickupZoneUnknown:   {Name: "pickup_zone_unknown", Scope: Cell, Reason: "outside 1 to 265; counts as 264 (Unknown)", Source: "TLC's zone table has 1 to 265"},
	DropoffZoneUnknown:  {Name: "dropoff_zone_unknown", Scope: Cell, Reason: "outside 1 to 265; counts as 264 (Unknown)", Source: "TLC's zone table has 1 to 265"},
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
		i := slices.IndexFunc(Rules[:], func(r Rule) bool { return r.Name == name })
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
	fmt.Fprintln(h, "time zones", newyork.Version) // the rule clock_change follows them
	return hex.EncodeToString(h.Sum(nil))[:16]
}
