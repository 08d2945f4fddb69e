package group

// chains is how many rows are added in turn. Often rows that follow one another are of one group, and an addition to a group has to wait for
// the one before. Rows of different parts of a batch are nearly always of different groups.
const chains = 4

// scatter adds a value for each of ids to the sums of their groups.
func scatter(sums []int64, ids []uint32, values []int64) {
	n := len(ids) / chains
	a, b, c, d := ids[:n], ids[n:2*n], ids[2*n:3*n], ids[3*n:4*n]
	x, y, z, w := values[:n], values[n:2*n], values[2*n:3*n], values[3*n:4*n]
	for i := range n {
		sums[a[i]] += x[i]
		sums[b[i]] += y[i]
		sums[c[i]] += z[i]
		sums[d[i]] += w[i]
	}
	for i := 4 * n; i < len(ids); i++ {
		sums[ids[i]] += values[i]
	}
}

// countRows counts rows by their groups.
func countRows(counts []int64, ids []uint32) {
	n := len(ids) / chains
	a, b, c, d := ids[:n], ids[n:2*n], ids[2*n:3*n], ids[3*n:4*n]
	for i := range n {
		counts[a[i]]++
		counts[b[i]]++
		counts[c[i]]++
		counts[d[i]]++
	}
	for _, id := range ids[4*n:] {
		counts[id]++
	}
}
