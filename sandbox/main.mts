import { parseArgs } from 'node:util';

import { startSandbox } from './server.mts';

const USAGE = `A local stand-in for SparkLoop.

  npm run sandbox -- [options]

  --port NUMBER           HTTP port (default 4010; 0 for any free one)
  --smtp-port NUMBER      SMTP port (default: any free one)
  --seed TEXT             same seed and same calls: same ids, codes and secrets (default 1)
  --webhook URL           where to send events; may be given several times
  --site-url URL          where referral links lead (default: the sandbox's own /site)
  --sign-up-target URL    who is told when somebody signs up on /site
  --time-scale NUMBER     how many times faster retries are waited for (default 1)
  --no-rate-limit         REST v2 answers any number of calls
`;

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '4010' },
		'smtp-port': { type: 'string', default: '0' },
		seed: { type: 'string', default: '1' },
		webhook: { type: 'string', multiple: true, default: [] },
		'site-url': { type: 'string' },
		'sign-up-target': { type: 'string' },
		'time-scale': { type: 'string', default: '1' },
		'no-rate-limit': { type: 'boolean', default: false },
		help: { type: 'boolean', default: false },
	},
});

if (values.help) {
	process.stdout.write(USAGE);
} else {
	await run();
}

function numberFrom(option: 'port' | 'smtp-port' | 'time-scale'): number {
	const number = Number(values[option]);
	if (Number.isFinite(number) && number >= 0) return number;
	console.error(`--${option} must be a number, not "${values[option]}"`);
	process.exit(1);
}

async function run(): Promise<void> {
	const wrong = values.webhook.find((url) => !URL.canParse(url));
	if (wrong !== undefined) {
		console.error(`--webhook must be a URL, not "${wrong}"`);
		process.exit(1);
	}
	const sandbox = await startSandbox({
		port: numberFrom('port'),
		smtpPort: numberFrom('smtp-port'),
		seed: values.seed,
		siteUrl: values['site-url'],
		signUpTarget: values['sign-up-target'],
		webhooks: values.webhook.map((url) => ({ url })),
		rateLimit: values['no-rate-limit'] ? false : undefined,
		delivery: { timeScale: numberFrom('time-scale') },
		log: (line) => console.log(line),
	}).catch((error: Error) => {
		console.error(error.message);
		process.exit(1);
	});

	console.log(`Page           ${sandbox.url}/`);
	console.log(`REST v2        ${sandbox.apiUrl}`);
	console.log(`ESP            ${sandbox.espUrl}`);
	console.log(`Site           ${sandbox.url}/site`);
	console.log(`SMTP           ${sandbox.smtp.host}:${sandbox.smtp.port}`);
	console.log('The Incoming Webhook URL, the keys and the token are shown on the page.');

	const stop = () => {
		void sandbox.close();
	};
	process.once('SIGINT', stop);
	process.once('SIGTERM', stop);
}
