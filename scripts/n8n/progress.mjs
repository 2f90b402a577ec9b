const EVERY_MS = 5_000;

/** @param {number} ms @returns {string} such as '7s' or '3m05s' */
export function duration(ms) {
	const seconds = Math.round(ms / 1000);
	if (seconds < 60) return `${seconds}s`;
	return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

/** Tells the user every few seconds that something long still goes on: one line, rewritten on a terminal. */
export class Progress {
	/**
	 * @param {string} title printed at once
	 * @param {() => string} detail what is happening now, added to every line
	 */
	constructor(title, detail = () => '') {
		this.started = Date.now();
		this.detail = detail;
		console.log(title);
		this.timer = setInterval(() => this.tick(), EVERY_MS);
	}

	tick() {
		const line = `  ${duration(Date.now() - this.started).padStart(6)}  ${this.detail()}`.trimEnd();
		if (process.stdout.isTTY) process.stdout.write(`\r\u001B[K${line}`);
		else console.log(line);
	}

	/** Ends it with a last line. */
	end() {
		clearInterval(this.timer);
		this.tick();
		if (process.stdout.isTTY) process.stdout.write('\n');
	}
}
