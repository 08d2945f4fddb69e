package group

// chains is the number of parts of a batch whose rows are added in turn. Consecutive rows are often of one group, and an addition to a group has to
// wait for the addition before. Rows of different parts are nearly always of different groups. If there are few groups, each part has its own sums.
const chains = 4

// few is the largest number of groups for which each part of a batch has its own sums. With so few groups, rows of different parts are often of one
// group, and adding up the sums of the parts takes little time, unless there are few rows too.
const few = 128

func areFew(groups, rows int) bool { return groups <= few && rows >= 8*few }

// scatter adds each value to the sum of its group. ids has the groups of the values.
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

// countRows counts the rows of each group. ids has the groups of the rows.
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
