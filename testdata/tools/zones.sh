#!/usr/bin/env bash
# zones.sh GEOJSON MAPSHAPER: makes the shapes of TLC's taxi zones, and a point inside each, in transforms/newyork.
#
# GEOJSON is TLC's map of taxi zones (the shapefile at https://d37ci6vzurychx.cloudfront.net/misc/taxi_zones.zip, converted to longitude and
# latitude), with the property LocationID. MAPSHAPER is the program of the npm package mapshaper. It simplifies each border once, so that
# zones that share a border share it afterwards too, and keeps every zone. The form is TopoJSON: a border is a list of whole numbers, each
# the difference from the one before.
set -euo pipefail

geojson=$1 mapshaper=$2
to=$(dirname "$0")/../../transforms/newyork

"$mapshaper" "$geojson" -quiet -filter-fields LocationID -simplify 4% keep-shapes -clean -sort LocationID \
  -o "$to/taxi_zones.topo.json" format=topojson quantization=4000 id-field=LocationID force
"$mapshaper" "$geojson" -quiet -filter-fields LocationID -sort LocationID -points inner \
  -each 'location_id = LocationID, longitude = this.x.toFixed(6), latitude = this.y.toFixed(6)' \
  -filter-fields location_id,longitude,latitude -o "$to/taxi_zone_points.csv" format=csv force
