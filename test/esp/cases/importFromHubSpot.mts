import type { EspStage } from '../../support/espStage.mts';
import { bringImport, ImportInService } from '../../support/importInService.mts';
import type { Reply } from '../../support/peer.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.hubapi.com';
const SEARCH = 'POST /crm/v3/objects/contacts/search';

type Properties = Record<string, string | null>;
interface Filter {
	propertyName: string;
	operator: string;
	value?: string | number;
}
interface Search {
	filterGroups: [{ filters: Filter[] }];
	sorts?: Array<{ propertyName: string; direction: string }>;
	properties: string[];
	limit: number;
}

/** developers.hubspot.com, CRM search: the filters of a group are all met, and results come sorted. */
export function importFromHubSpot(stage: () => EspStage): void {
	const contacts = new Map<string, Properties>();
	let broken: Reply | undefined;

	const search = ({ filterGroups: [{ filters }], sorts, properties, limit }: Search): Reply => {
		const meets = (id: string, { propertyName, operator, value }: Filter): boolean => {
			if (operator === 'GT' && propertyName === 'hs_object_id') return Number(id) > Number(value);
			if (operator === 'HAS_PROPERTY') return Boolean(contacts.get(id)?.[propertyName]);
			throw new Error(`No filter is played for ${propertyName} ${operator}`);
		};
		const found = [...contacts.keys()]
			.filter((id) => filters.every((filter) => meets(id, filter)))
			.sort((a, b) => Number(a) - Number(b));
		// Without the ascending order HubSpot gives the newest first.
		if (sorts?.[0].direction !== 'ASCENDING') found.reverse();
		return {
			status: 200,
			body: {
				total: found.length,
				results: found.slice(0, limit).map((id) => ({
					id,
					properties: {
						hs_object_id: id,
						lastmodifieddate: '2019-12-07T16:50:06.678Z',
						...Object.fromEntries(
							properties.map((name) => [name, contacts.get(id)?.[name] ?? null]),
						),
						createdate: '2019-10-30T03:30:17.883Z',
					},
					createdAt: '2019-10-30T03:30:17.883Z',
					updatedAt: '2019-12-07T16:50:06.678Z',
					archived: false,
				})),
				...(found.length > limit ? { paging: { next: { after: String(limit) } } } : {}),
			},
		};
	};
	const answer = ({ method, path, body, headers }: Heard): Reply => {
		expect(headers.authorization).toBe('Bearer pat-eu1-key');
		expect(`${method} ${path}`).toBe(SEARCH);
		return broken ?? search(body as Search);
	};

	let imported: ImportInService;
	beforeAll(async () => {
		const { ground, vendors } = stage();
		vendors.on(HOST, answer);
		const id = await ground.n8n.api.importCredential({
			name: 'HubSpot for the import',
			type: 'hubspotAppToken',
			data: { appToken: 'pat-eu1-key' },
		});
		const name = 'From HubSpot';
		const workflow = await bringImport(
			ground,
			'import-existing-subscribers-from-hubspot.json',
			name,
			{
				pageSize: 2,
				signUpProperty: 'newsletter',
				signUpValues: 'yes',
				referrerProperty: 'friend',
			},
			{
				ofTheEsp: Object.fromEntries(
					['hubspot', 'hubspotAppToken'].map((key) => [key, { type: 'hubspotAppToken', id }]),
				),
			},
		);
		imported = new ImportInService(ground, workflow, name);
	});

	it('stops when HubSpot says no number, and when it finds nobody of many', async () => {
		contacts.set('9', { email: 'hub9@example.com', newsletter: 'yes' });
		broken = { status: 200, body: { results: [] } };
		expect((await imported.run()).message).toMatch(
			/HubSpot did not say how many contacts there are/,
		);
		await imported.letLeaseRunOut();
		broken = { status: 200, body: { total: 3, results: [] } };
		expect((await imported.run()).message).toMatch(
			/The list is empty, though there are 3 contacts/,
		);
		await imported.letLeaseRunOut();
		broken = undefined;
		expect(await imported.row()).toMatchObject({ done: 0 });
	});

	it('goes from id to id, and imports who has signed up', async () => {
		const { ground, vendors } = stage();
		const { program } = ground.sandbox;
		const referrer = program.subscribe({ email: 'hub-referrer@example.com' }).subscriber;
		contacts.set('100', {
			...{ email: 'hub100@example.com', firstname: 'Ann', lastname: 'Lee', newsletter: 'yes' },
			friend: referrer.referralCode,
		});
		contacts.set('10', { email: 'hub10@example.com', newsletter: 'asked' });
		contacts.set('11', { email: null, newsletter: 'yes' });
		contacts.set('12', { email: 'hub12@example.com', newsletter: 'yes', hs_email_optout: 'true' });
		contacts.set('20', { email: 'hub20@example.com', newsletter: 'yes' });
		vendors.forget();
		expect(await imported.run()).toEqual({ status: 'success' });

		expect(await imported.row()).toMatchObject({
			...{ state: 'done', done: 5, total: 5, imported: 3, skipped: 2, refused: 0 },
		});
		const created = ['9', '20', '100'].map((id) => program.find(`hub${id}@example.com`));
		expect(created.map((one) => one?.status)).toEqual(['confirmed', 'confirmed', 'confirmed']);
		expect(created[2]).toMatchObject({ name: 'Ann Lee', referrerId: referrer.id });
		expect(program.find('hub10@example.com')).toBeUndefined();

		const [first, ...others] = vendors.heard(HOST).map(({ body }) => body as Search);
		expect(first).toMatchObject({
			filterGroups: [
				{
					filters: [
						{ propertyName: 'hs_object_id', operator: 'GT', value: 0 },
						{ propertyName: 'email', operator: 'HAS_PROPERTY' },
					],
				},
			],
			sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
			limit: 2,
			properties: [
				...['email', 'firstname', 'lastname', 'createdate', 'rh_subid', 'rh_reflink'],
				...['hs_email_optout', 'hs_email_hard_bounce_reason_enum', 'newsletter', 'friend'],
			],
		});
		const cursors = others.flatMap(({ filterGroups: [{ filters }] }) =>
			filters.filter(({ operator }) => operator === 'GT').map(({ value }) => value),
		);
		expect(cursors.map(Number)).toEqual([10, 20, 100]);
	});
}
