import { readdirSync, readFileSync } from 'node:fs';

/** What a process is counted as. */
export type Part = 'main' | 'webhook' | 'worker' | 'task runner' | 'PostgreSQL' | 'Redis';

/** A process that was started here. What it has started is counted with it; of n8n's, as task runners. */
export interface Root {
	part: Part;
	pid: number;
}

interface Process {
	parent: number;
	/** CPU milliseconds, those of its children that have ended included. */
	cpu: number;
}

/** Linux counts in hundredths of a second, whatever its own clock ticks at. */
const TICK_MS = 10;
const SAMPLE_MS = 500;
const N8N: readonly Part[] = ['main', 'webhook', 'worker'];

function readProcess(pid: number): Process | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in parentheses, may hold anything.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
		return { parent: Number(fields[1]), cpu: ticks * TICK_MS };
	} catch {
		return undefined;
	}
}

function allProcesses(): Map<number, Process> {
	const processes = new Map<number, Process>();
	for (const name of readdirSync('/proc')) {
		const process = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
		if (process) processes.set(Number(name), process);
	}
	return processes;
}

/** Each process of ours, by what it counts as. */
function assign(roots: readonly Root[], processes: Map<number, Process>): Map<number, Part> {
	const parts = new Map<number, Part>(roots.map(({ pid, part }) => [pid, part]));
	for (let found = -1; found !== parts.size; ) {
		found = parts.size;
		for (const [pid, { parent }] of processes) {
			const part = parts.get(parent);
			if (part && !parts.has(pid)) parts.set(pid, N8N.includes(part) ? 'task runner' : part);
		}
	}
	return parts;
}

export type Figures = Partial<Record<Part, number>>;

/** CPU milliseconds that each part has used since it was started. */
export function cpuOf(roots: readonly Root[]): Figures {
	const processes = allProcesses();
	const figures: Figures = {};
	for (const [pid, part] of assign(roots, processes)) {
		figures[part] = (figures[part] ?? 0) + (processes.get(pid)?.cpu ?? 0);
	}
	return figures;
}

/** CPU milliseconds that the whole machine has worked, and could have. */
export function machineCpu(): { busy: number; all: number } {
	const [line] = readFileSync('/proc/stat', 'utf8').split('\n');
	const [user, nice, system, idle, ioWait, irq, softIrq, steal] = line
		.split(/\s+/)
		.slice(1)
		.map((ticks) => Number(ticks) * TICK_MS);
	const busy = user + nice + system + irq + softIrq + steal;
	return { busy, all: busy + idle + ioWait };
}

function kilobytes(file: string, name: string): number {
	try {
		const value = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
		return Number(value ?? 0);
	} catch {
		return 0;
	}
}

/** Megabytes each part holds: of n8n's parts its largest process, of the others all together. */
function memoryOf(roots: readonly Root[]): Figures {
	const figures: Figures = {};
	for (const [pid, part] of assign(roots, allProcesses())) {
		if (part === 'PostgreSQL') {
			// Its processes share most of their memory, and each counts its share of that.
			const share = kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss') / 1024;
			figures[part] = (figures[part] ?? 0) + share;
		} else {
			const all = kilobytes(`/proc/${pid}/status`, 'VmRSS') / 1024;
			figures[part] = Math.max(figures[part] ?? 0, all);
		}
	}
	return figures;
}

/** Watches the memory until it is stopped. @returns what stops it and gives the peaks in megabytes */
export function watchMemory(roots: readonly Root[]): () => Figures {
	const peaks: Figures = {};
	const look = () => {
		for (const [part, value] of Object.entries(memoryOf(roots)) as Array<[Part, number]>) {
			peaks[part] = Math.max(peaks[part] ?? 0, value);
		}
	};
	look();
	const timer = setInterval(look, SAMPLE_MS);
	return () => {
		clearInterval(timer);
		look();
		return peaks;
	};
}
