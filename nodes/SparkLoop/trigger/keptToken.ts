import type { IWebhookFunctions } from 'n8n-workflow';

const WEBHOOK_TOKEN = 'sparkLoopWebhookTokenApi';

/**
 * Milliseconds for which a token that was read is taken for the credential's. After somebody has changed the credential,
 * the old token is right and the new one wrong for that long; SparkLoop repeats what was refused.
 */
const KEPT_FOR = 5_000;

interface Kept {
	/** Not yet there while the first of many requests still reads it. */
	token: Promise<unknown>;
	readAt: number;
}

/** By workflow and credential. */
const KEPT = new Map<string, Kept>();

const isFresh = ({ readAt }: Kept, now: number): boolean =>
	now >= readAt && now - readAt < KEPT_FOR;

/**
 * The token of the trigger's credential. To read one takes n8n more time than all the rest of a request: it starts a
 * sandbox for expressions each time. Whoever floods the URL must not be able to make it do that, so it is read again only
 * after a while.
 *
 * @throws what n8n throws when the credential cannot be read; that is not kept
 */
export async function keptToken(this: IWebhookFunctions): Promise<unknown> {
	const now = Date.now();
	const key = `${this.getWorkflow().id} ${this.getNode().credentials?.[WEBHOOK_TOKEN]?.id}`;
	const kept = KEPT.get(key);
	if (kept && isFresh(kept, now)) return await kept.token;
	for (const [old, entry] of KEPT) if (!isFresh(entry, now)) KEPT.delete(old);
	const token = this.getCredentials(WEBHOOK_TOKEN).then(({ webhookToken }) => webhookToken);
	KEPT.set(key, { token, readAt: now });
	token.catch(() => KEPT.delete(key));
	return await token;
}
