import {
	fingerprintOf,
	picturesTaken,
	picturesToTake,
	recorded,
} from '../../scripts/pictureSources.mts';

// Whether a picture is as old as what it shows, told by what it shows: no browser is needed for that.
it.each(picturesTaken())('the picture %s shows what is there now', (name) => {
	const now = fingerprintOf(name);
	const stale = now === undefined || recorded()[name] !== now;
	expect(stale ? `npm run build && npx node scripts/pictures.mts ${name}` : '').toBe('');
});

it('every picture on record is there, and can be taken again', () => {
	expect(Object.keys(recorded()).sort()).toEqual(picturesTaken());
	expect(picturesToTake()).toEqual(expect.arrayContaining(picturesTaken()));
});

it('a change of what is seen changes the fingerprint, and names of nothing have none', () => {
	const [first, second] = picturesToTake().map(fingerprintOf);
	expect(first).toMatch(/^[0-9a-f]{16}$/);
	expect(second).not.toBe(first);
	expect(fingerprintOf('nothing')).toBeUndefined();
});
