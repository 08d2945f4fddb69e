//go:build !race

package parquetio

const raced = false
