package query

// message is what is wrong, with places for the pieces of the text. Every message has a case in testdata/errors.txt.
type message string

// The messages of the lexer.
const (
	msgNotUTF8      message = "found a byte that is not UTF-8, or a zero, expected text in UTF-8; save the file in that encoding"
	msgOpenComment  message = "found a comment that does not end, expected */"
	msgOpenQuote    message = "found a quoted text that does not end, expected another %s; a quote inside it is written twice"
	msgPrefixedText message = "found %s before a quoted text, expected DATE, TIMESTAMP or nothing"
	msgNumber       message = "found %s, expected a number such as 12, 1.5 or 1e6"
	msgCharacter    message = "found %s, expected a word, a number, a text in single quotes or an operator"
	msgOperator     message = "found %s, which is no operator of this dialect; expected + - * / // %% = <> < <= > >= or ::, with a space before a sign of a number"
)

// The messages of the parser.
const (
	msgTooLong        message = "found %d bytes, expected at most %d; split the file"
	msgTooDeep        message = "found more than %d levels of expressions in one another, expected fewer; write the expression in parts"
	msgTooManyTables  message = "found more than %d tables, expected fewer; split the file"
	msgUnexpected     message = "found %s, expected %s"
	msgRefused        message = "found %s: %s"
	msgEmpty          message = "found no statement, expected SELECT ... FROM trips or CREATE TABLE name AS SELECT ... FROM trips"
	msgOneStatement   message = "found another statement, expected one; --tables=FILE makes all tables of a file"
	msgComparesChain  message = "found another comparison, expected AND between two comparisons"
	msgChain          message = "found %s after another, expected parentheses around the first"
	msgReservedName   message = "found %s, a word of SQL, expected a name; write AS and the name in double quotes, or choose another"
	msgType           message = "found %s, expected one of the types BOOLEAN, INTEGER, BIGINT, DECIMAL(p,s), DOUBLE, VARCHAR, DATE, TIMESTAMP"
	msgWidth          message = "found %s, expected DECIMAL(p,s) with 1 to 38 digits p, of which s are after the point"
	msgLimit          message = "found %s, expected a whole number that is not negative"
	msgTable          message = "found %s, expected trips, the only table; %s"
	msgDatePart       message = "found %s, expected one of %s"
	msgNumberTooLarge message = "found %s, expected a number of at most %s"
)

// The messages of the checker: names.
const (
	msgUnknownColumn   message = "found %s, expected a column; %s"
	msgUnknownTable    message = "found %s, expected %s"
	msgLaterAlias      message = "found %s, which is named later in this SELECT; expected it before its use"
	msgAliasInGroup    message = "found %s, a name of this SELECT, inside an expression of GROUP BY; expected the name alone, or its expression"
	msgAliasInside     message = "found %s, a name of this SELECT, inside %s; expected its expression"
	msgNamedInside     message = "found %s in HAVING, an aggregate that uses the name of another item; expected its expression"
	msgAmbiguousAlias  message = "found %s, both a column of trips and a name of this SELECT; give the item another name"
	msgUnknownFunction message = "found %s, expected a function; %s"
	msgTableName       message = "found %s, expected a name of a-z, 0-9 and _ that does not begin with a digit"
	msgTakenName       message = "found %s, the name of a table that the program makes itself; choose another"
	msgSameTable       message = "found a second table %s, expected a name of its own"
	msgSecondBare      message = "found a second SELECT without a name, expected CREATE TABLE name AS before it; only one SELECT of a file takes the file's name"
	msgFileName        message = "found a SELECT without a name in %s, whose name is no name for a table; expected CREATE TABLE name AS before it"
	msgSameColumn      message = "found a second column %s, expected a name of its own; write AS and another name"
	msgColumnName      message = "found %s, expected a name of 1 to 63 printable characters"
	msgNeedsAS         message = "found an expression without a name, expected AS and a name after it"
)

// The messages of the checker: types and arguments.
const (
	msgArguments     message = "found %s with %d arguments, expected %s"
	msgArgument      message = "found %s, expected %s for %s"
	msgMixed         message = "found %s and %s for %s, expected values of one type; use CAST"
	msgTooWide       message = "found %s for %s, whose values together need more than 38 digits; use CAST to take fewer decimals"
	msgCondition     message = "found %s, expected a condition: a comparison, or a column that is true or false"
	msgUntypedNull   message = "found NULL without a type for %s; write CAST(NULL AS ...)"
	msgTextValue     message = "found '%s', expected %s"
	msgCast          message = "found a cast from %s to %s, which this dialect has not; %s"
	msgScale         message = "found a product with %d decimals, expected at most 38; use CAST to take fewer decimals"
	msgConstant      message = "found an expression for %s, expected a constant"
	msgRoundsAway    message = "found %d digits for ROUND of %s, expected at least %d: no digit would be left"
	msgFraction      message = "found %s, expected a fraction from 0 to 1 such as 0.95"
	msgPattern       message = "found an expression as a pattern, expected a text in quotes"
	msgInterval      message = "found a difference of times, expected trip_duration_minutes, trip_duration_seconds or a difference of dates"
	msgWholeDivision message = "found // of %s, expected integers; use floor(a / b)"
	msgComputes      message = "found a constant expression that has no value: %s"
)

// The messages of the checker: aggregates, groups and windows.
const (
	msgAggregateIn    message = "found the aggregate %s in %s, expected it in SELECT, HAVING or ORDER BY; %s"
	msgNested         message = "found the aggregate %s inside an aggregate, expected a value of single trips"
	msgNotAggregate   message = "found %s with %s, which belongs to an aggregate; expected count, sum, avg, min, max, median, quantile_cont, quantile_disc, arg_min or arg_max"
	msgDistinct       message = "found DISTINCT in %s, expected it in count(DISTINCT ...) only"
	msgStar           message = "found * in %s, expected count(*) or a column"
	msgNotGrouped     message = "found %s, which is neither in GROUP BY nor inside an aggregate; add it to GROUP BY, or use min, max or arg_max"
	msgStarGrouped    message = "found * beside groups or aggregates, expected the names of columns"
	msgPosition       message = "found position %s, expected 1 to %d"
	msgGroupedBy      message = "found %s in GROUP BY, expected a value of single trips"
	msgConstantKey    message = "found a constant in %s, expected a column, an expression or a position"
	msgNotOver        message = "found %s without OVER, expected %s() OVER (ORDER BY ...)"
	msgOver           message = "found OVER after %s, expected it after rank, row_number, lag, sum or count"
	msgOverWhat       message = "found %s with OVER and %s, which this dialect has not; compute it in an aggregate first"
	msgWindowIn       message = "found the window %s in %s, expected it in SELECT or ORDER BY; make the table and filter it with DuckDB"
	msgNestedWindow   message = "found the window %s inside an aggregate or a window, expected a value of the finished rows"
	msgWindowRows     message = "found the window %s over single trips, expected GROUP BY or an aggregate: windows are over finished rows"
	msgWindowAll      message = "found a window that names a column beside GROUP BY ALL, expected GROUP BY with the names of the columns"
	msgOrderAll       message = "found an expression of columns in ORDER BY beside GROUP BY ALL, expected an item of SELECT, or GROUP BY with the names of the columns"
	msgGroupsNamed    message = "found %s in GROUP BY, an item that uses the name of another; expected one without"
	msgWindowConstant message = "found a constant in OVER, expected a column, an aggregate or an expression; positions have no meaning there"
	msgTooLarge       message = "found an expression that has more than %d parts once its names are replaced by what they stand for; expected a smaller one"
	msgNoAggregate    message = "found a SELECT without GROUP BY or aggregates, expected one with them; single trips are for the command query"
	msgNeedsLimit     message = "found a SELECT of single trips without LIMIT, expected LIMIT with at most %d"
	msgLimitTooLarge  message = "found LIMIT %d for single trips, expected at most %d"
	msgOrderRows      message = "found ORDER BY in a SELECT of single trips, whose order is by source and row; leave it out, or group"
)
