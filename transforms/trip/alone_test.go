package trip

import (
	"testing"

	"tripstats/transforms/element"
)

func TestAFileIsAloneIfNoOtherCanHaveTripsOfItsTaxiAndMonth(t *testing.T) {
	const jan, feb = 600, 601
	of := func(month int32, dataset string) element.Found { return element.Found{Month: month, Dataset: dataset} }
	for _, c := range []struct {
		what   string
		others func(*Crowd)
		file   element.Found
		want   bool
	}{
		{"no other", func(*Crowd) {}, of(jan, ""), true},
		{"another month", func(c *Crowd) { c.Add(of(feb, ""), "yellow") }, of(jan, ""), true},
		{"another taxi", func(c *Crowd) { c.Add(of(jan, ""), "green") }, of(jan, ""), true},
		{"the same", func(c *Crowd) { c.Add(of(jan, ""), "green", "yellow") }, of(jan, ""), false},
		{"any month", func(c *Crowd) { c.Add(of(element.NoMonth, ""), "yellow") }, of(jan, ""), false},
		{"any month of another taxi", func(c *Crowd) { c.Add(of(element.NoMonth, ""), "green") }, of(jan, ""), true},
		{"a part of its data set", func(c *Crowd) { c.Add(of(feb, "d"), "yellow") }, of(jan, "d"), false},
		{"itself without a month", func(*Crowd) {}, of(element.NoMonth, ""), false},
	} {
		var files Crowd
		files.Add(c.file, "yellow")
		c.others(&files)
		if got := files.Alone(c.file, "yellow"); got != c.want {
			t.Errorf("%s: found %v, expected %v", c.what, got, c.want)
		}
	}
}
