// Package group computes the groups of a query over trips: exact states that can be merged in any order, and the table that is made of them. It
// knows nothing of Beam.
//
//	Together.Compute(batch), Adder.Add(batch) ... Adder.State → Merge → [Finish] → Blocks → Merge → Rows
//	                                              Adder.Finished → Blocks → Rows
//
// An [Adder] filters batches of trips, groups them and adds them up. Its [Adder.State] are bytes that say what they are, so [Merge] needs
// no query. If no other trips can belong to the groups of a state, [Finish] turns them into values at once; [Adder.Finished] is the
// same without the state. Adders of several queries compute [Together] what they need alike. [Blocks] cuts a state into pieces that
// can travel: unfinished ones by a hash of the keys, so that equal keys meet in one shard, where [Merge] adds them up. [Rows] makes the table of all blocks; for
// HAVING, windows, ORDER BY and LIMIT, [query.Query.Finish] is what it is compared with.
//
// A query of single trips has a [Lister] instead of an Adder. The trips that it lists are finished groups, so that all that follows is the same.
//
// # What is exact
//
// A sum of exact values has as many bits as it needs, and one of doubles is exact too; both are rounded once. Quantiles and DISTINCT count
// every value. So the order of trips, of batches and of merges changes no byte of a state.
//
// # How a state is written
//
// See header, kind and set. Groups are in the order of their keys, and keys are written such that this is the order of their bytes. States with many
// groups have chunks, one for each shard: see compact.go. The values of a set are apart from the rest of its group, which has the values that the
// query asks for: a group that is in one state only is finished without the set. So a state from outside of the process needs a [Check]. A state
// of another version is refused. Whoever changes the form gives it a new number: a test holds the bytes.
//
// # How groups are found
//
// Each key gets a small code for each of its values; the codes together are a number in mixed radix, which is looked up in a table if the table is
// small enough, and in a hash table otherwise. Adders of one source share the codes of equal keys: see [Keys]. Keys that seldom change from row to
// row, such as months, have a code for each run of rows, so that only the other keys are looked up row by row. Parts of states are columns
// indexed by the number of the group.
package group
