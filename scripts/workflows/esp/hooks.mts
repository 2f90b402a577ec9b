import { when, type Canvas, type Place } from '../canvas.mts';
import { request, type Call } from './http.mts';

/** The entrance for webhooks of an ESP that n8n has no trigger for, or none that is of use. */
export const HOOK = 'When the ESP reports a change';

const TEXT = 'Read it as text';

/** However many items come in. */
const ONCE = { executeOnce: true };

interface HookOptions {
	/**
	 * `lastNode`: the ESP hears 500 when it failed, and sends again. `onReceived`: for ESPs that never do, or wait badly.
	 * `responseNode`: for those that want to hear something in particular, by `answerWith`.
	 */
	respond: 'lastNode' | 'onReceived' | 'responseNode';
	/** Whether a signature is checked, which is made of the bytes as they came. */
	signed?: boolean;
}

/** Adds the webhook. @returns the node that leads to 'Settings', with `headers`, `query`, `body` and, if signed, `text` */
export function hook(
	canvas: Canvas,
	[column, row]: Place,
	{ respond, signed = false }: HookOptions,
): string {
	canvas.node(HOOK, 'webhook', [column, row], {
		httpMethod: 'POST',
		path: canvas.webhookIdOf(HOOK),
		responseMode: respond,
		...(respond === 'lastNode' ? { responseData: 'noData' } : {}),
		// With a blank answer, n8n hands on no bytes.
		options: {
			...(respond === 'onReceived' && !signed ? { noResponseBody: true } : {}),
			rawBody: signed,
		},
	});
	if (!signed) return HOOK;
	canvas.node(TEXT, 'extractFromFile', [column + 1, row], {
		operation: 'text',
		binaryPropertyName: 'data',
		destinationKey: 'text',
		options: { keepSource: 'json' },
	});
	canvas.chain(HOOK, TEXT);
	return TEXT;
}

/** Adds the node that answers the ESP, for when everything is in the outbox. @param json the answer. @returns its name */
export const answerWith = (canvas: Canvas, place: Place, json: object): string =>
	canvas.node('Answer the ESP', 'respondToWebhook', place, {
		respondWith: 'json',
		responseBody: JSON.stringify(json),
		options: {},
	});

const refusal = (todo: string): string =>
	`A request that does not come from your ESP was refused, or ${todo}.`;

/**
 * Adds nodes that let a request pass only when it carries the ESP's signature.
 *
 * @param message what was signed, an expression without its braces; `$json.text` is the body
 * @param signature the signature that came with it, the same way
 * @param secret what it was signed with, the same way, if that is worked out; else it stands in a **Crypto** credential
 * @param otherwise what is wrong if the request does come from the ESP
 */
export function checkSignature(
	canvas: Canvas,
	[column, row]: Place,
	{
		message,
		signature,
		encoding,
		secret,
		otherwise = "the secret in the credential of 'Sign it ourselves' is not the ESP's",
	}: {
		message: string;
		signature: string;
		encoding: 'hex' | 'base64';
		secret?: string;
		otherwise?: string;
	},
): { first: string; last: string; columns: number } {
	canvas.node(
		'Sign it ourselves',
		'crypto',
		[column, row],
		{
			action: 'hmac',
			type: 'SHA256',
			value: `={{ ${message} }}`,
			dataPropertyName: 'expected',
			...(secret ? { secret: `={{ ${secret} }}` } : {}),
			encoding,
		},
		// The node's second version takes secrets of credentials only.
		secret ? { typeVersion: 1 } : {},
	);
	canvas.node(
		'Does the ESP say so?',
		'if',
		[column + 1, row],
		when('={{ $json.expected }}', 'equals', `={{ ${signature} }}`),
	);
	canvas.node('Stop: wrong signature', 'stopAndError', [column + 2, row + 0.9], {
		errorMessage: refusal(otherwise),
	});
	canvas.chain('Sign it ourselves', 'Does the ESP say so?');
	canvas.connect('Does the ESP say so?', 1, 'Stop: wrong signature');
	return { first: 'Sign it ourselves', last: 'Does the ESP say so?', columns: 2 };
}

/** The setting that holds the word at the end of the webhook's address, for ESPs that sign nothing. */
export const HOOK_KEY_SETTING = { hookKey: '' };

/** How the address is given to the ESP, for a note. */
export const HOOK_KEY_STEP =
	"**Settings → hookKey**: a long random word. Give the ESP the webhook's **Production URL** with `?key=` and that word at its end, because the ESP signs nothing.";

/** Adds nodes that let a request pass only when its address ends with the key in the settings. */
export function checkKey(
	canvas: Canvas,
	[column, row]: Place,
): { first: string; last: string; columns: number } {
	canvas.node(
		'Does it have the key?',
		'if',
		[column, row],
		when(
			'={{ String($json.hookKey).length > 0 && $json.query?.key === String($json.hookKey) }}',
			'true',
			undefined,
			'boolean',
		),
	);
	canvas.node('Stop: wrong key', 'stopAndError', [column + 1, row + 0.9], {
		errorMessage: refusal(
			"the address that the ESP has does not end with '?key=' and the word in Settings → hookKey",
		),
	});
	canvas.connect('Does it have the key?', 1, 'Stop: wrong key');
	return { first: 'Does it have the key?', last: 'Does it have the key?', columns: 1 };
}

/** The webhook's address as the ESP has to know it, an expression without its braces; needs n8n's WEBHOOK_URL behind a proxy. */
export const hookUrl = (canvas: Canvas): string =>
	`($execution.resumeUrl.replace(/\\/webhook-waiting.*$/, '') + '/webhook/${canvas.webhookIdOf(HOOK)}')`;

/** The same with the key at its end that `checkKey` looks for. */
export const hookUrlWithKey = (canvas: Canvas): string =>
	`(${hookUrl(canvas)} + '?key=' + encodeURIComponent($('Settings').first().json.hookKey))`;

/** How the key comes about where the set-up registers the webhook, for a note. */
export const REGISTERED_KEY_STEP =
	"**Settings → hookKey**: a long random word, before you run the set-up. It becomes part of the webhook's address, because the ESP signs nothing.";

/**
 * Adds nodes that register the webhook with the ESP, unless it is there already.
 *
 * @param list asks for the webhooks that there are
 * @param addresses its answer as `$json` → an array of their addresses, an expression without its braces
 * @param address what ours is registered as, the same way
 * @param keyed whether its address ends with the key in the settings (`hookUrlWithKey`), without which nothing is registered
 * @param register registers it
 * @returns the first node
 */
export function registerHook(
	canvas: Canvas,
	[column, row]: Place,
	{
		list,
		addresses,
		keyed = false,
		address = keyed ? hookUrlWithKey(canvas) : hookUrl(canvas),
		register,
	}: {
		list: Omit<Call, 'method'>;
		addresses: string;
		keyed?: boolean;
		address?: string;
		register: Call;
	},
): string {
	const at = column + (keyed ? 1 : 0);
	request(canvas, 'List the webhooks', [at, row], { method: 'GET', ...list }, ONCE);
	canvas.node(
		'Is ours among them?',
		'if',
		[at + 1, row],
		when(`={{ (${addresses}).includes(${address}) }}`, 'true', undefined, 'boolean'),
	);
	canvas.node('It is registered', 'noOp', [at + 2, row - 0.5], {});
	request(canvas, 'Register the webhook', [at + 2, row + 0.4], register);
	canvas.chain('List the webhooks', 'Is ours among them?', 'It is registered');
	canvas.connect('Is ours among them?', 1, 'Register the webhook');
	if (!keyed) return 'List the webhooks';
	canvas.node(
		'Is there a key?',
		'if',
		[column, row],
		when("={{ $('Settings').first().json.hookKey }}", 'notEmpty'),
	);
	canvas.node('Stop: no key', 'stopAndError', [column + 1, row + 0.9], {
		errorMessage:
			"The webhook was not registered: Settings → hookKey is blank. Write a long random word there, and run 'Set up (run once)' again.",
	});
	canvas.chain('Is there a key?', 'List the webhooks');
	canvas.connect('Is there a key?', 1, 'Stop: no key');
	return 'Is there a key?';
}
