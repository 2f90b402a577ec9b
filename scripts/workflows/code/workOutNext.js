// What becomes of each event: delivered, tried again later, or parked for a person to look at.
const { minute, longestPause, keptFor } = $('Settings').first().json;
const rows = $('One item per event')
	.all(0, $runIndex)
	.map(({ json }) => json);
const now = Date.now();

return $input.all().map(({ json, pairedItem }, index) => {
	const row = rows[pairedItem?.item ?? index];
	if (!json.error)
		return {
			json: { id: row.id, state: 'delivered', attempts: row.attempts, due: row.due, reason: '' },
		};

	const { attempts: tried, retry, retryAfter = 0 } = json.details;
	// Nothing was sent of an event that waits behind another one, so it counts as no attempt.
	const attempts = row.attempts + (tried > 0 ? 1 : 0);
	const backOff = Math.min(longestPause, minute * 2 ** Math.min(attempts - 1, 30));
	const pause = Math.max(retryAfter * 1000, backOff * (0.5 + Math.random() / 2));
	const tooOld = now - Date.parse(row.createdAt) > keptFor;
	return {
		json: {
			id: row.id,
			state: retry && !tooOld ? 'waiting' : 'parked',
			attempts,
			due: tried > 0 ? now + pause : row.due,
			reason: json.error,
		},
	};
});
