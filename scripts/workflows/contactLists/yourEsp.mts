import { ASKING_FOR_PAGE, findPeople, READ_PAGE, type ContactList } from './contactList.mts';

const SETTINGS = "$('Settings').first().json";

const MAPPING = `// Fill in: where your ESP's answer says it. 'body' is the answer, 'headers' are its headers.
const { body, headers } = $input.first().json;
const list = body?.contacts;
// Where the next page begins, as 'Read a page of contacts' asks for it; nothing after the last page.
const next = body?.next;
// How many contacts there are; leave it out if your ESP does not tell.
const total = body?.total;
const personOf = (one) => ({
	contact: one.id,
	email: one.email,
	name: one.name,
	createdAt: one.createdAt,
	ipAddress: one.fields?.ip_address,
	// The referral code or the email address of who brought them.
	referrer: one.fields?.referred_by,
	// Your ESP's words: 'active' is who gets the newsletter, 'gone' who has left, 'pending' who has not confirmed.
	state: { active: 'active', unsubscribed: 'gone', unconfirmed: 'pending' }[one.status] ?? one.status,
	subscriberId: one.fields?.RH_SUBID,
	link: one.fields?.RH_REFLINK,
});
`;

/** Any ESP whose API lists contacts, each page saying where the next begins. */
export const yourEsp: ContactList = {
	name: '',
	settings: {
		contactsUrl: 'https://api.your-esp.example/contacts',
		pageSize: 100,
		timeout: 30_000,
	},
	read(canvas, [column, row], cursor) {
		canvas.node(
			READ_PAGE,
			'httpRequest',
			[column, row],
			{
				method: 'GET',
				url: `={{ ${SETTINGS}.contactsUrl }}`,
				authentication: 'genericCredentialType',
				genericAuthType: 'httpHeaderAuth',
				sendQuery: true,
				specifyQuery: 'json',
				jsonQuery: `={{ JSON.stringify({ limit: ${SETTINGS}.pageSize, after: ${cursor} || undefined }) }}`,
				options: {
					timeout: `={{ ${SETTINGS}.timeout }}`,
					// An answer that is nothing but a list would otherwise fall apart into items.
					response: { response: { fullResponse: true } },
				},
			},
			ASKING_FOR_PAGE,
		);
		const last = findPeople(canvas, [column + 1, row], MAPPING, cursor);
		canvas.chain(READ_PAGE, last);
		return { first: READ_PAGE, last, columns: 2 };
	},
	note: `- **Settings → contactsUrl**: the address at which your ESP's API lists contacts.
- **${READ_PAGE}**: choose the credential with its key. Under *JSON* stand the names of its parameters: how many contacts a page has, and where it begins.
- **Find the people in it**: its first lines say where the answer holds the list, where the next page begins, and what of a contact is what. For an ESP that counts its pages, ask for \`page: Number(…) || 1\`, and let \`next\` be that number and one more while the list is not empty.`,
};
