import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

import { type Clock, iso } from './clock.mts';
import { linksIn } from './mailLinks.mts';

export interface Mail {
	/** Counts from 1 in the order of arrival. */
	id: number;
	from: string;
	to: string[];
	subject: string;
	text: string;
	html: string | null;
	/** All http and https addresses, in the order in which they occur, each once. */
	links: string[];
	receivedAt: string;
}

export interface MailQuery {
	/** Any one of the recipients; default anybody. */
	to?: string;
	/** Only mails with a larger id; default 0. */
	after?: number;
}

const KEPT = 1000;

/** An SMTP server that keeps what it gets and sends nothing on: everybody's mailbox. */
export class Mailbox {
	readonly mails: Mail[] = [];
	readonly #clock: Clock;
	readonly #changed: () => void;
	readonly #server: SMTPServer;
	#waiting: Array<() => void> = [];
	#count = 0;

	constructor(clock: Clock, changed: () => void) {
		this.#clock = clock;
		this.#changed = changed;
		this.#server = new SMTPServer({
			authOptional: true,
			allowInsecureAuth: true,
			disabledCommands: ['STARTTLS'],
			disableReverseLookup: true,
			logger: false,
			// Senders keep connections open, and closing would wait for them.
			closeTimeout: 100,
			onAuth: ({ username }, _session, callback) => callback(null, { user: username }),
			onData: (stream, session, callback) => {
				const recipients = session.envelope.rcptTo.map(({ address }) => address);
				simpleParser(stream)
					.then((parsed) => {
						const html = parsed.html || null;
						this.#keep({
							from: parsed.from?.text ?? '',
							to: recipients,
							subject: parsed.subject ?? '',
							text: parsed.text ?? '',
							html,
							links: linksIn(parsed.text ?? '', html ?? ''),
						});
						callback();
					})
					.catch((error: unknown) =>
						callback(error instanceof Error ? error : new Error(String(error))),
					);
			},
		});
	}

	/** Listens on 127.0.0.1; answers the port. Throws when the port is in use. */
	async listen(port: number): Promise<number> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen(port, '127.0.0.1', resolve);
		});
		this.#server.on('error', () => {
			// A sender that hangs up amid a mail is no reason to stop receiving.
		});
		const address = this.#server.server.address();
		return typeof address === 'object' && address ? address.port : port;
	}

	/** The first mail that fits, or undefined. */
	find({ to, after = 0 }: MailQuery): Mail | undefined {
		const recipient = to?.toLowerCase();
		return this.mails.find(
			(mail) =>
				mail.id > after &&
				(recipient === undefined || mail.to.some((one) => one.toLowerCase() === recipient)),
		);
	}

	/** The first mail that fits, waiting for it up to `timeoutMs` (default 10 s), or throws. */
	async nextMail({ timeoutMs = 10_000, ...query }: MailQuery & { timeoutMs?: number } = {}) {
		let late = false;
		const cancel = this.#clock.schedule(() => {
			late = true;
			this.#wake();
		}, timeoutMs);
		try {
			for (;;) {
				const mail = this.find(query);
				if (mail) return mail;
				if (late) throw new Error(`No mail came within ${timeoutMs} ms`);
				await new Promise<void>((resolve) => this.#waiting.push(resolve));
			}
		} finally {
			cancel();
		}
	}

	async close(): Promise<void> {
		await new Promise<void>((resolve) => this.#server.close(() => resolve()));
	}

	#keep(mail: Omit<Mail, 'id' | 'receivedAt'>): void {
		this.#count += 1;
		this.mails.push({ ...mail, id: this.#count, receivedAt: iso(this.#clock.now()) });
		if (this.mails.length > KEPT) this.mails.shift();
		this.#changed();
		this.#wake();
	}

	#wake(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const resolve of waiting) resolve();
	}
}
