export const NO_SUCH_CAMPAIGN =
	"SparkLoop knows no such campaign. Check 'Campaign': choose it from the list.";

export const NOT_IN_CAMPAIGN =
	"SparkLoop knows no such subscriber in this campaign. Check 'Campaign' and 'Subscriber'.";
