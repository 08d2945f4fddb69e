package main

import (
	"io/fs"

	"tripstats/io/objstore"
	"tripstats/testdata"
)

// samplePattern is what --input=sample stands for.
const samplePattern = "sample://*.parquet"

func init() {
	files, err := fs.Sub(testdata.Sample, "sample")
	if err != nil {
		panic(err) // the path is a constant
	}
	objstore.Mount("sample", files)
}
