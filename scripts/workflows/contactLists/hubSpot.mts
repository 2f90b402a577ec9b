import { request } from '../esp/http.mts';
import { ASKING_FOR_PAGE, findPeople, READ_PAGE, type ContactList } from './contactList.mts';

const SETTINGS = "$('Settings').first().json";
const SEARCH = 'https://api.hubapi.com/crm/v3/objects/contacts/search';
/** A contact without an address is nobody's subscriber. */
const HAS_EMAIL = { propertyName: 'email', operator: 'HAS_PROPERTY' };

const PROPERTIES = [
	...['email', 'firstname', 'lastname', 'createdate', 'rh_subid', 'rh_reflink'],
	...['hs_email_optout', 'hs_email_hard_bounce_reason_enum'],
];

const MAPPING = `const settings = ${SETTINGS};
const found = $('${READ_PAGE}').all().map(({ json }) => json ?? {});
// Of an empty page n8n makes one item with nothing in it.
const list = found.length === 1 && Object.keys(found[0]).length === 0 ? [] : found;
const next = list.at(-1)?.id;
const { total } = $input.first().json;
if (!Number.isInteger(total)) {
	throw new Error("HubSpot did not say how many contacts there are, so its answers cannot be trusted. Check the credential of 'Count the contacts'.");
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
		// developers.hubspot.com, CRM search: at most 200; n8n's node offers up to 250.
		pageSize: 100,
		timeout: 30_000,
	},
	read(canvas, [column, row], cursor) {
		canvas.node(
			READ_PAGE,
			'hubspot',
			[column, row],
			{
				authentication: 'appToken',
				resource: 'contact',
				operation: 'search',
				returnAll: false,
				limit: `={{ ${SETTINGS}.pageSize }}`,
				filterGroupsUi: {
					filterGroupsValues: [
						{
							filtersUi: {
								filterValues: [
									// HubSpot turns no more than 10,000 results over, however many pages they make; ids go on.
									{
										propertyName: 'hs_object_id|number',
										operator: 'GT',
										value: `={{ ${cursor} || 0 }}`,
									},
									{ ...HAS_EMAIL, propertyName: 'email|string' },
								],
							},
						},
					],
				},
				additionalFields: {
					sortBy: 'hs_object_id',
					direction: 'ASCENDING',
					properties: `={{ [...${JSON.stringify(PROPERTIES)}, ${SETTINGS}.signUpProperty, ${SETTINGS}.referrerProperty].filter(Boolean) }}`,
				},
			},
			{ ...ASKING_FOR_PAGE, alwaysOutputData: true },
		);
		// n8n's node gives the contacts and nothing else of the answer.
		request(
			canvas,
			'Count the contacts',
			[column + 1, row],
			{
				method: 'POST',
				url: SEARCH,
				authentication: { predefined: 'hubspotAppToken' },
				json: `={{ ${JSON.stringify({ filterGroups: [{ filters: [HAS_EMAIL] }], properties: ['email'], limit: 1 })} }}`,
			},
			ASKING_FOR_PAGE,
		);
		const last = findPeople(canvas, [column + 2, row], MAPPING, cursor);
		canvas.chain(READ_PAGE, 'Count the contacts', last);
		return { first: READ_PAGE, last, columns: 3 };
	},
	note: `- In HubSpot, create a private app with the scope \`crm.objects.contacts.read\`. Put its token into a **HubSpot Service Key** credential, and choose that on **${READ_PAGE}** and **Count the contacts**.
- When not every contact is a subscriber, or with double opt-in: **Settings → signUpProperty** is the property that tells, **signUpValues** its values that mean yes, with commas between. Who has none of them counts as not confirmed.
- **Settings → referrerProperty**: the property with the referral code or the email address of who brought somebody, if you have one.
- Who has opted out of everything or bounced counts as gone.`,
};
