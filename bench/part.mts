import type { Figure } from './figure.mts';
import type { BenchGround } from './ground.mts';

/** What a part is given to work with. */
export interface Bench {
	/** Tiny sizes that only show that everything runs; the figures mean nothing then. */
	quick: boolean;
	/** How many rounds, if the caller does not say: the part's own number, or one when it is quick. */
	rounds(usual: number): number;
	say(line: string): void;
	/** The n8n that parts share: started when one first asks for it. */
	ground(): Promise<BenchGround>;
	/** Records what n8n's processor does meanwhile, when profiles were asked for. */
	profiled<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export type Part = (bench: Bench) => Promise<Figure[]>;
