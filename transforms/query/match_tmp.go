package query

// CanMatch is a stand-in.
func (q *Query) CanMatch(func(column int) (low, high Value, ok bool)) bool { return true }
