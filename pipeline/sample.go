package main

import (
	"io/fs"
	"slices"

	"tripstats/io/objstore"
	"tripstats/testdata"
)

// samplePattern is what --input=sample stands for.
const samplePattern = "sample://*.parquet"

// sampleNote is the first line of a run on the sample, whose tables look like real ones.
const sampleNote = "note: the sample is made up: these are no trips of real taxis; to read real ones, say --input='dir/**/*.parquet' or --months=2023 --taxi=yellow"

// readsSample tells whether the sample is among the input.
func (p patterns) readsSample() bool {
	return slices.ContainsFunc(p, func(s string) bool {
		scheme, _ := objstore.Scheme(s)
		return s == sampleInput || scheme == "sample"
	})
}

func init() {
	files, err := fs.Sub(testdata.Sample, "sample")
	if err != nil {
		panic(err) // the path is a constant
	}
	objstore.Mount("sample", files)
}
