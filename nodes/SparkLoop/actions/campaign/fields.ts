export const NO_SUCH_CAMPAIGN =
	"SparkLoop knows no such campaign. Check 'Campaign': choose it from the list.";

export const NO_SUCH_CAMPAIGN_OR_SUBSCRIBER =
	"SparkLoop knows no such campaign or subscriber. Check 'Campaign' and 'Subscriber'.";

export const NOT_IN_CAMPAIGN =
	"SparkLoop knows no such subscriber in this campaign. Check 'Campaign' and 'Subscriber'.";
