import dns from 'node:dns';
import net from 'node:net';

// Loaded into Ghost before its own code. Ghost asks other people's servers for this and that, such as the
// country of whoever signs up, and not all of it has a setting: nobody is asked, and the log says who would
// have been.

/** @param {string} name @returns {boolean} whether it is this machine's */
function isHere(name) {
	return name === 'localhost' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** @param {string} what */
function refusal(what) {
	process.stderr.write(`Refused, since only the loopback address may be reached: ${what}\n`);
	return Object.assign(new Error(`Refused: ${what}`), { code: 'ERR_LOOPBACK_ONLY' });
}

/** The host that `socket.connect()` is told in any of its forms; this machine for a path. */
function hostIn(args) {
	// How Node's own `net.connect()` hands them on.
	const [first, second] = Array.isArray(args[0]) ? args[0] : args;
	if (first !== null && typeof first === 'object') return first.path ? null : first.host;
	return Number.isNaN(Number(first)) || typeof second !== 'string' ? null : second;
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
	const host = hostIn(args) || 'localhost';
	if (isHere(host)) return connect.apply(this, args);
	const error = refusal(`a connection to ${host}`);
	process.nextTick(() => this.destroy(error));
	return this;
};

for (const asker of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
	// The classes inherit most of them.
	const names = [asker, Object.getPrototypeOf(asker)].flatMap((one) =>
		Object.getOwnPropertyNames(one).filter((name) => /^(lookup$|resolve|reverse$)/.test(name)),
	);
	for (const name of names) {
		const ask = asker[name];
		asker[name] = function (asked, ...rest) {
			if (name === 'lookup' && (isHere(asked) || net.isIP(asked))) {
				return ask.call(this, asked, ...rest);
			}
			const error = refusal(`a question about ${asked}`);
			const callback = rest.at(-1);
			if (typeof callback !== 'function') return Promise.reject(error);
			process.nextTick(callback, error);
		};
	}
}
