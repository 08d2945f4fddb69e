package group

// chains is the number of consecutive rows that are added to different sums. Consecutive rows are often of one group, and an addition to a group has to
// wait for the addition before. If there are few groups, each group has a sum for each chain: every fourth row is of the same chain. The sums of a group
// are added up at the end. If there are many groups, a chain is a quarter of the batch. A row of each chain is added in turn, because rows of different
// quarters are nearly always of different groups.
const chains = 4

// few is the largest number of groups that have several sums.
const few = 512

// areFew tells whether adding up the sums of all groups takes little time, compared to adding the rows.
func areFew(groups, rows int) bool { return groups <= few && groups*8 <= rows }

// chained has, by group, the sum of the rows of each chain.
type chained [few][chains]int64

// scatter adds each value to the sum of its group. ids has the groups of the values. It may use memory.
func scatter(memory *chained, sums []int64, ids []uint32, values []int64) {
	values = values[:len(ids)]
	if areFew(len(sums), len(ids)) {
		clear(memory[:len(sums)])
		for i := 0; i+chains <= len(ids); i += chains {
			a, x := ids[i:i+chains:i+chains], values[i:i+chains:i+chains]
			memory[a[0]%few][0] += x[0]
			memory[a[1]%few][1] += x[1]
			memory[a[2]%few][2] += x[2]
			memory[a[3]%few][3] += x[3]
		}
		memory.addTo(sums)
		done := len(ids) &^ (chains - 1)
		ids, values = ids[done:], values[done:]
	}
	n := len(ids) / chains
	a, b, c, d := ids[:n], ids[n:2*n], ids[2*n:3*n], ids[3*n:4*n]
	x, y, z, w := values[:n], values[n:2*n], values[2*n:3*n], values[3*n:4*n]
	for i := range n {
		sums[a[i]] += x[i]
		sums[b[i]] += y[i]
		sums[c[i]] += z[i]
		sums[d[i]] += w[i]
	}
	for i := chains * n; i < len(ids); i++ {
		sums[ids[i]] += values[i]
	}
}

// countRows counts the rows of each group. ids has the groups of the rows. It may use memory.
func countRows(memory *chained, counts []int64, ids []uint32) {
	if areFew(len(counts), len(ids)) {
		clear(memory[:len(counts)])
		for i := 0; i+chains <= len(ids); i += chains {
			a := ids[i : i+chains : i+chains]
			memory[a[0]%few][0]++
			memory[a[1]%few][1]++
			memory[a[2]%few][2]++
			memory[a[3]%few][3]++
		}
		memory.addTo(counts)
		ids = ids[len(ids)&^(chains-1):]
	}
	n := len(ids) / chains
	a, b, c, d := ids[:n], ids[n:2*n], ids[2*n:3*n], ids[3*n:4*n]
	for i := range n {
		counts[a[i]]++
		counts[b[i]]++
		counts[c[i]]++
		counts[d[i]]++
	}
	for _, id := range ids[chains*n:] {
		counts[id]++
	}
}

// addTo adds up the sums of each group.
func (m *chained) addTo(sums []int64) {
	for id := range sums {
		of := &m[id%few]
		sums[id] += of[0] + of[1] + of[2] + of[3]
	}
}
