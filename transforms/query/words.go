package query

import "strings"

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// reserved are DuckDB's reserved words: they name nothing unless they are quoted or stand behind AS.
var reserved = set(`all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable
	desc describe distinct do else end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit
	not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning select show some summarize
	symmetric table then to trailing true union unique unpivot using variadic when where window with`)

// keywords are the words that name nothing in this dialect unless they are quoted or stand behind AS: DuckDB's reserved words, and those
// of its types, operators and joins.
var keywords = with(reserved, `between bigint bit boolean char character coalesce columns dec decimal exists extract float generated
	grouping grouping_id inout int integer interval map national nchar none nullif numeric out overlay position precision real row setof smallint
	struct substring time timestamp treat trim try_cast tuple values varchar
	anti asof at authorization binary by collation concurrently cross freeze full glob ilike inner is isnull join left like natural notnull outer
	overlaps positional right semi similar tablesample unpack verbose`)

// neverAlias are the words that name nothing behind an expression without AS: keywords, and words that could begin a clause or name a
// unit of time.
var neverAlias = with(keywords, `filter over partition range rows groups nulls within ignore respect exclude escape sample rollup cube sets
	year years month months day days hour hours minute minutes second seconds quarter quarters week weeks decade decades century centuries
	millennium millennia millisecond milliseconds microsecond microseconds`)

// neverCall are the words that begin no call, though a parenthesis follows them.
var neverCall = set("exists row map struct interval try_cast values grouping rollup cube")

func with(words map[string]bool, more string) map[string]bool {
	m := set(more)
	for w := range words {
		m[w] = true
	}
	return m
}

// refused are the words and signs of what DuckDB has and this dialect has not, and what to do instead.
var refused = map[string]string{
	"with": noSubquery, "select": noSubquery, "exists": noSubquery, "values": "this dialect asks about trips only",
	"join": noJoin, "inner": noJoin, "left": noJoin, "right": noJoin, "full": noJoin, "cross": noJoin, "natural": noJoin, "asof": noJoin,
	"positional": noJoin, "semi": noJoin, "anti": noJoin, "lateral": noJoin, "pivot": "pivot the finished table with DuckDB",
	"unpivot": "unpivot the finished table with DuckDB",
	"union":   "make two tables and put them together with DuckDB", "intersect": "make two tables and intersect them with DuckDB",
	"except": "make two tables and subtract them with DuckDB", "distinct": "write GROUP BY ALL, which gives each combination once",
	"all": "leave it out", "offset": "take more rows with LIMIT", "fetch": "write LIMIT", "qualify": "filter the finished table with DuckDB",
	"window": "write the window behind OVER", "tablesample": "the program reads all trips", "using": "the program reads all trips",
	"rollup": "make a table for each level", "cube": "make a table for each level", "grouping": "make a table for each level",
	"interval": "compare with a DATE or TIMESTAMP, or add days to a date: pickup_date + 7", "try_cast": "write CAST",
	"collate": "texts are compared by their bytes; write lower(...) to ignore case", "escape": "% and _ in a pattern always stand for other characters",
	"similar": "write LIKE or ILIKE", "glob": "write LIKE or ILIKE", "rows": noFrame,
	"range": noFrame, "groups": noFrame,
	"isnull": "write IS NULL", "notnull": "write IS NOT NULL", "unknown": "write IS NULL",
	"array": "this dialect has no lists", "struct": "this dialect has no records", "map": "this dialect has no maps", "row": "this dialect has no records",
	"lambda": "this dialect has no functions of one's own", "ignore": "NULLs count as values here", "respect": "leave it out, it is so",
	"within": "write quantile_cont(value, fraction)", "if": "leave it out, a run makes the table anew",
	"temp": "leave it out", "temporary": "leave it out", "view": "write CREATE TABLE name AS",
	"insert": "the program makes tables by CREATE TABLE name AS SELECT", "update": "the program makes tables by CREATE TABLE name AS SELECT",
	"delete": "the program makes tables by CREATE TABLE name AS SELECT", "copy": "--output says where tables go", "explain": "--plan shows how a table is made",
	"describe": "tripstats show columns lists the columns of trips, and --plan those of a result", "show": "tripstats show lists columns and tables", "summarize": "write the aggregates you need",
	"set": "flags of the program are its settings", "attach": "--input names the files", "pragma": "flags of the program are its settings",
	"+": "leave the plus sign out", "symmetric": "write the smaller value first",
}
