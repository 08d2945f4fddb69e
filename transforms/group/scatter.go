package group

// chains is how many rows are added in turn. Often rows that follow one another are of one group, and an addition to a group has to wait for
// the one before. Rows of different parts of a batch are nearly always of different groups, or else have sums of their own.
const chains = 4

// few is how many groups are so few that rows of different parts of a batch are often of one group. A sum for each part takes little, then,
// unless the rows are few too.
const few = 128

func areFew(groups, rows int) bool { return groups <= few && rows >= 8*few }

// scatter adds a value for each of ids to the sums of their groups.
func scatter(sums []int64, ids []uint32, values []int64) {
	n := len(ids) / chains
	a, b, c, d := ids[:n], ids[n:2*n], ids[2*n:3*n], ids[3*n:4*n]
	x, y, z, w := values[:n], values[n:2*n], values[2*n:3*n], values[3*n:4*n]
	if areFew(len(sums), len(ids)) {
		var of [chains][few]int64
		for i := range n {
			of[0][a[i]%few] += x[i]
			of[1][b[i]%few] += y[i]
			of[2][c[i]%few] += z[i]
			of[3][d[i]%few] += w[i]
		}
		addChains(sums, &of)
	} else {
		for i := range n {
			sums[a[i]] += x[i]
			sums[b[i]] += y[i]
			sums[c[i]] += z[i]
			sums[d[i]] += w[i]
		}
	}
	for i := 4 * n; i < len(ids); i++ {
		sums[ids[i]] += values[i]
	}
}

// countRows counts rows by their groups.
func countRows(counts []int64, ids []uint32) {
	n := len(ids) / chains
	a, b, c, d := ids[:n], ids[n:2*n], ids[2*n:3*n], ids[3*n:4*n]
	if areFew(len(counts), len(ids)) {
		var of [chains][few]int64
		for i := range n {
			of[0][a[i]%few]++
			of[1][b[i]%few]++
			of[2][c[i]%few]++
			of[3][d[i]%few]++
		}
		addChains(counts, &of)
	} else {
		for i := range n {
			counts[a[i]]++
			counts[b[i]]++
			counts[c[i]]++
			counts[d[i]]++
		}
	}
	for _, id := range ids[4*n:] {
		counts[id]++
	}
}

func addChains(sums []int64, of *[chains][few]int64) {
	for id := range sums {
		sums[id] += of[0][id] + of[1][id] + of[2][id] + of[3][id]
	}
}
