import { EXTENTS } from '../../scripts/chaos/extents.mts';
import { onOneProcess } from '../../scripts/chaos/onOneProcess.mts';

it('nothing is lost, doubled, wrong or out of order when everything breaks once and n8n is killed', async () => {
	const verdict = await onOneProcess({
		seed: 1,
		...EXTENTS.short,
		pattern: 'ours',
		say: () => {},
	});
	expect(verdict).toMatchObject({ lost: [], doubled: [], wrong: [], outOfOrder: [], crashes: 1 });
	expect(verdict.fromSparkLoop).toBeGreaterThan(80);
	expect(verdict.contacts).toBe(EXTENTS.short.readers + EXTENTS.short.friends);
}, 400_000);
