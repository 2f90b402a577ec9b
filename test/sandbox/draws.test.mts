import { createRandom } from '../../sandbox/random.mts';
import { createProgram, refer } from './support/program.mts';

describe('what is drawn', () => {
	it('is drawn again when it was drawn before', () => {
		let draws = 0;
		// Gives everything five times, so that a code comes again after the next id.
		const text = (_alphabet: string, length: number) =>
			String(Math.floor(draws++ / 5)).padStart(length, '0');
		const { program } = createProgram({ random: { ...createRandom(1, 'test'), text } });

		refer(program, '', 5);

		const codes = program.subscribers.map(({ referralCode }) => referralCode);
		expect(new Set(codes).size).toBe(5);
	});
});
