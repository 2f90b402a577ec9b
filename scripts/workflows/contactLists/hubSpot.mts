import { answersThat, request } from '../esp/http.mts';
import { ASKING_FOR_PAGE, findPeople, READ_PAGE, type ContactList } from './contactList.mts';

const SETTINGS = "$('Settings').first().json";
const SEARCH = 'https://api.hubapi.com/crm/v3/objects/contacts/search';
/** developers.hubspot.com, CRM search. */
const LARGEST_PAGE = 200;

const PROPERTIES = [
	...['email', 'firstname', 'lastname', 'createdate', 'rh_subid', 'rh_reflink'],
	...['hs_email_optout', 'hs_email_hard_bounce_reason_enum'],
];

/** What a search asks for. HubSpot turns no more than 10,000 results over, however many pages they make; ids go on. */
const search = (cursor: string): string => `{
	filterGroups: [{ filters: [
		{ propertyName: 'hs_object_id', operator: 'GT', value: String(${cursor} || 0) },
		{ propertyName: 'email', operator: 'HAS_PROPERTY' },
	] }],
	sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
	properties: [...${JSON.stringify(PROPERTIES)}, ${SETTINGS}.signUpProperty, ${SETTINGS}.referrerProperty].filter(Boolean),
	limit: Math.min(${SETTINGS}.pageSize, ${LARGEST_PAGE}),
}`;

const mapping = (cursor: string): string => `const settings = ${SETTINGS};
const { statusCode, body } = $input.first().json;
if (statusCode !== 200) {
	const todo =
		{
			401: 'Check the token of your private app in its credential.',
			403: 'Give your private app the scope crm.objects.contacts.read, and check its credential.',
		}[statusCode] ?? 'Correct what it asks for.';
	throw new Error(\`HubSpot refused '${READ_PAGE}' with status \${statusCode}. \${todo} Nothing was done with this page. HubSpot says: \${body?.message ?? 'nothing'}\`);
}
const list = body?.results;
const next = list?.at(-1)?.id;
// Of those after the page before, so that only the first one tells it of all.
const left = body?.total;
const total = ${cursor} ? 0 : left;
if (Array.isArray(list) && !Number.isInteger(left)) {
	throw new Error("HubSpot did not say how many contacts there are, so its answers cannot be trusted. Check what '${READ_PAGE}' asks for.");
}
if (list?.length === 0 && left > 0 && ${cursor}) {
	throw new Error(\`HubSpot gave no contact of \${left} that are left, so its answers cannot be trusted. Nothing was done with this page. The next run asks again.\`);
}
const signUpValues = String(settings.signUpValues).split(',').map((one) => one.trim());
const stateOf = (properties) =>
	properties.hs_email_optout === 'true' || properties.hs_email_hard_bounce_reason_enum
		? 'gone'
		: !settings.signUpProperty || signUpValues.includes(properties[settings.signUpProperty])
			? 'active'
			: 'pending';
const personOf = ({ id, properties = {} }) => ({
	contact: id,
	email: properties.email,
	name: [properties.firstname, properties.lastname].filter(Boolean).join(' '),
	createdAt: properties.createdate,
	ipAddress: '',
	referrer: properties[settings.referrerProperty],
	state: stateOf(properties),
	subscriberId: properties.rh_subid,
	link: properties.rh_reflink,
});
`;

/** HubSpot's contacts, with the token of a private app. */
export const hubSpot: ContactList = {
	name: 'HubSpot',
	settings: {
		signUpProperty: '',
		signUpValues: 'true',
		referrerProperty: '',
		pageSize: 100,
		timeout: 30_000,
	},
	read(canvas, [column, row], cursor) {
		// n8n's own node gives the contacts and nothing else of the answer: how many there are would take a second search.
		request(
			canvas,
			READ_PAGE,
			[column, row],
			{
				method: 'POST',
				url: SEARCH,
				authentication: { predefined: 'hubspotAppToken' },
				json: `={{ ${search(cursor)} }}`,
				// What passes is waited for; what does not is explained by the node that finds the people.
				options: answersThat('[200, 400, 401, 403].includes($response.statusCode)'),
			},
			ASKING_FOR_PAGE,
		);
		// developers.hubspot.com, CRM search: five a second, for all apps of an account together.
		canvas.node('Leave HubSpot time', 'wait', [column + 1, row], {
			resume: 'timeInterval',
			amount: 0.25,
			unit: 'seconds',
		});
		const last = findPeople(canvas, [column + 2, row], mapping(cursor), cursor);
		canvas.chain(READ_PAGE, 'Leave HubSpot time', last);
		return { first: READ_PAGE, last, columns: 3 };
	},
	note: `- In HubSpot, create a private app with the scope \`crm.objects.contacts.read\`. Put its token into a **HubSpot Service Key** credential, and choose that on **${READ_PAGE}**.
- When not every contact is a subscriber, or with double opt-in: **Settings → signUpProperty** is the property that tells, **signUpValues** its values that mean yes, with commas between. Who has none of them counts as not confirmed.
- **Settings → referrerProperty**: the property with the referral code or the email address of who brought somebody, if you have one.
- Who has opted out of everything or bounced counts as gone.
- HubSpot's search learns of changes a few moments late: what it does not show yet, the next run of *Reconcile* finds.`,
};
