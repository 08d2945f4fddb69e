// Package query is the front end of SQL over the table trips: it turns a text into a [Query], in which every name is looked up and
// every expression has its type. What computes a query is elsewhere; this package knows neither Beam's pipelines nor files.
//
// The dialect is a subset of DuckDB's SQL. A text that is accepted means what it means in DuckDB, so that anyone can check a result
// there; where that is not sure, the text is refused, with its place and what to do instead. There are two differences:
//
//   - Where DuckDB leaves to chance which of several rows or values comes first (LIMIT, row_number, arg_min, arg_max), the keys of the
//     groups decide, and then the smallest value.
//   - Sums and averages are exact and rounded once, so the order of rows does not matter.
//
// # How a text becomes a query
//
//	text → lex → tokens → parse → statements of nodes → check → Query of Exprs
//
// [ParseTables] reads a file of tables, [ParseQuery] one question, [Trips] begins a query that is built in Go. All report every error
// of a text at once, at most ten: [Errors].
//
//	[CREATE TABLE name AS] SELECT item, ... FROM trips [WHERE condition]
//	[GROUP BY column, expression, position, ... | ALL] [HAVING condition] [ORDER BY ...] [LIMIT number]
//
// # Names
//
// A name is a column of trips ([Columns]), without regard to case, or the name that an item of SELECT has by AS. If it is both, it is
// the column, but for an item of ORDER BY that is a name alone, which is the item; in HAVING it is refused. The name of an item can be used
// in the items after it, in WHERE, in HAVING and ORDER BY outside of aggregates, and as an item of GROUP BY. It stands for the expression.
//
// # Types
//
// Types follow DuckDB's rules. INTEGER, BIGINT and DECIMAL are exact: what does not fit is an error of the run, never another number.
//
//   - integers make the larger of their types; /, which is never whole, and all with a DOUBLE make a DOUBLE
//   - decimals added have one digit more before the point; multiplied, their digits add up; at most 38
//   - sum of integers is HUGEINT (DECIMAL(38,0) in files), of decimals DECIMAL(38,s), of DOUBLE a DOUBLE; avg is DOUBLE
//   - median and quantile_cont of integers are DOUBLE, of dates TIMESTAMP; else, and with quantile_disc, min, max, arg_min and arg_max, the type stays
//   - text in quotes takes the type of what it is compared with; other text and numbers are never mixed
//
// # Where things are
//
// Functions and operators are entries of the tables in functions.go, columns in columns.go, messages in messages.go, what the dialect
// refuses in words.go. [Expr.Eval] computes an expression in one row: it is what expressions mean, tested against DuckDB, and what
// computes columns at once is tested against it.
package query
