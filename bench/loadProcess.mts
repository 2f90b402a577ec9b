import { startEngine } from './engine.mts';

export interface LoadResult {
	/** Milliseconds to load all nodes and credentials of the package. */
	milliseconds: number;
	/** Megabytes of objects that stay afterwards. */
	memory: number;
	nodes: number;
}

const megabytesInUse = (): number => {
	globalThis.gc!();
	const { heapUsed, external } = process.memoryUsage();
	return (heapUsed + external) / 2 ** 20;
};

/** Loads one package as n8n does when it starts. */
async function work({ folder }: { folder: string }): Promise<LoadResult> {
	const engine = await startEngine();
	const before = megabytesInUse();
	const began = performance.now();
	const loader = await engine.load(folder);
	const milliseconds = performance.now() - began;
	const memory = megabytesInUse() - before;
	return { milliseconds, memory, nodes: Object.keys(loader.nodeTypes).length };
}

const result = await work(JSON.parse(process.argv[2]) as { folder: string });
process.stdout.write(`\n${JSON.stringify(result)}\n`);
