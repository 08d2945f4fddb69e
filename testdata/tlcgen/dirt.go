package tlcgen

import "reflect"

// Dirt counts rows by what is wrong with them. A row counts under each kind
// that applies. Limits are exclusive. A NaN or infinite value counts under
// NotFinite alone.
type Dirt struct {
	AdjacentMonth int64 `json:"adjacent_month"` // pickup in the month before or after the file's
	FarMonth      int64 `json:"far_month"`      // pickup in any other month

	DropoffBeforePickup int64 `json:"dropoff_before_pickup"`
	ZeroDuration        int64 `json:"zero_duration"`
	Over5Hours          int64 `json:"over_5_hours"`
	DayLong             int64 `json:"day_long"`   // 20 hours or longer
	ClockHour           int64 `json:"clock_hour"` // pickup or dropoff in an hour that New York's clock skips or repeats
	ClockSpan           int64 `json:"clock_span"` // neither, but such an hour lies between them

	// ClockChange counts trips that a clock change made an hour longer or
	// shorter, planted ones left out. The rows alone do not tell it.
	ClockChange int64 `json:"clock_change"`

	FarDistance      int64 `json:"far_distance"` // beyond 100 miles
	Over200Miles     int64 `json:"over_200_miles"`
	NegativeDistance int64 `json:"negative_distance"`
	NegativeTotal    int64 `json:"negative_total"`
	TotalOver5000    int64 `json:"total_over_5000"`
	NegativeTip      int64 `json:"negative_tip"`
	TipOver5000      int64 `json:"tip_over_5000"`
	RefundPairs      int64 `json:"refund_pairs"` // pairs of rows: a refund and the charge it cancels
	NotFinite        int64 `json:"not_finite"`   // NaN or infinite distance, total or tip
	NotNumber        int64 `json:"not_number"`   // distance, total or tip is text that is no number

	NullPassengers  int64 `json:"null_passengers"`
	ZeroPassengers  int64 `json:"zero_passengers"`
	PassengersOver9 int64 `json:"passengers_over_9"`

	NullPickup  int64 `json:"null_pickup"`
	NullDropoff int64 `json:"null_dropoff"`

	PickupNotTime  int64 `json:"pickup_not_time"` // text that is no time; such a row counts under no month
	DropoffNotTime int64 `json:"dropoff_not_time"`

	// In files without zones, all rows.
	NullPickupZone  int64 `json:"null_pickup_zone"`
	NullDropoffZone int64 `json:"null_dropoff_zone"`

	UnknownPickupZone  int64 `json:"unknown_pickup_zone"` // present, but none of 1 to 265
	UnknownDropoffZone int64 `json:"unknown_dropoff_zone"`
	ZeroCoordinates    int64 `json:"zero_coordinates"` // no place for the pickup, the dropoff or both
}

// add adds the counts of o. All fields are counts.
func (d *Dirt) add(o Dirt) {
	sum, more := reflect.ValueOf(d).Elem(), reflect.ValueOf(o)
	for i := range sum.NumField() {
		sum.Field(i).SetInt(sum.Field(i).Int() + more.Field(i).Int())
	}
}
