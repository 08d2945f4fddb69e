package newyork

import (
	_ "embed" // the data
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// TaxiZone is a zone of TLC's table of taxi zones. Names repeat: 56 and 57 have one name, and so have 103, 104 and 105.
type TaxiZone struct {
	Name, Borough, ServiceZone string
}

// NumZones is the number of taxi zones, which are numbered from 1. 264 is the unknown zone, 265 lies outside of New York.
const NumZones = 265

// TLC's table, as published at https://d37ci6vzurychx.cloudfront.net/misc/taxi_zone_lookup.csv.
//
//go:embed taxi_zone_lookup.csv
var zoneTable string

// Zones returns the taxi zones by number. The first entry, which has no number, is empty.
var Zones = sync.OnceValue(func() *[NumZones + 1]TaxiZone {
	rows, err := csv.NewReader(strings.NewReader(zoneTable)).ReadAll()
	if err != nil || len(rows) != NumZones+1 {
		panic(fmt.Sprintf("newyork: the table of zones in this program: %d lines, %v", len(rows), err))
	}
	var zones [NumZones + 1]TaxiZone
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i+1) {
			panic("newyork: the table of zones in this program: found zone " + row[0] + ", expected " + strconv.Itoa(i+1))
		}
		zones[i+1] = TaxiZone{Name: row[2], Borough: row[1], ServiceZone: row[3]}
	}
	return &zones
})
