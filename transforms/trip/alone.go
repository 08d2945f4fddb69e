package trip

import (
	"slices"

	"tripstats/transforms/element"
)

// Crowd counts the files that can have trips of each taxi and month. What it says decides which groups are finished with their file, both
// before files are opened and when they are admitted.
type Crowd struct {
	files map[taxiMonth]int
	parts map[string]int // by dataset
}

// Add counts a file of some taxis.
func (c *Crowd) Add(f element.Found, taxis ...string) {
	if c.files == nil {
		c.files, c.parts = map[taxiMonth]int{}, map[string]int{}
	}
	for _, t := range taxis {
		c.files[taxiMonth{t, f.Month}]++
	}
	c.parts[f.Dataset]++
}

// Alone tells whether a file that was counted is the only one that can have trips of a taxi in its month. A file without a month can have
// trips of any month.
func (c *Crowd) Alone(f element.Found, taxi string) bool {
	whole := f.Dataset == "" || c.parts[f.Dataset] == 1
	return whole && c.files[taxiMonth{taxi, element.NoMonth}] == 0 && c.files[taxiMonth{taxi, f.Month}] == 1
}

// setAlone sets Alone of the files that are to be read.
func setAlone(files []element.Recognised) {
	var all Crowd
	for _, f := range files {
		var taxis []string
		for _, s := range f.ByTaxi() {
			taxis = append(taxis, s.Taxi)
		}
		all.Add(f.Found, taxis...)
	}
	for i := range files {
		f := &files[i]
		f.Alone = all.Alone(f.Found, f.Taxi)
		f.Shares = slices.Clone(f.Shares) // files of a compact list may have the same ones
		for k := range f.Shares {
			f.Shares[k].Alone = all.Alone(f.Found, f.Shares[k].Taxi)
		}
	}
}
