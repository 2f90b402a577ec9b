import { n8nEnvironment } from '../../scripts/n8n/environment.mts';

const outside = { ...process.env };
afterEach(() => {
	process.env = { ...outside };
});
const inside = (extra?: Record<string, string>) =>
	n8nEnvironment('/folder', { http: 5678, broker: 5679 }, extra);

describe('the environment of an n8n of ours', () => {
	it.each([
		['DB_TYPE', 'postgresdb', 'sqlite'],
		['DB_POSTGRESDB_HOST', 'production', undefined],
		['N8N_ENCRYPTION_KEY', 'somebody else’s', undefined],
		['N8N_LISTEN_ADDRESS', '0.0.0.0', '127.0.0.1'],
		['EXECUTIONS_MODE', 'queue', undefined],
		['NODE_ENV', 'test', undefined],
		['NODE_OPTIONS', '--experimental-vm-modules', undefined],
		['npm_config_prefix', '/usr', undefined],
	])('takes nothing over from %s=%s', (name, value, expected) => {
		process.env[name] = value;
		expect(inside()[name]).toBe(expected);
	});

	it('keeps what any program needs', () => {
		expect(inside().PATH).toBe(process.env.PATH);
	});

	it('reaches this machine without the proxy, and adds to the exceptions there are', () => {
		process.env.NO_PROXY = 'intranet';
		expect(inside().NO_PROXY).toBe('intranet,localhost,127.0.0.1');
	});

	it('lets the caller decide in the end', () => {
		expect(inside({ GENERIC_TIMEZONE: 'Europe/Berlin' }).GENERIC_TIMEZONE).toBe('Europe/Berlin');
	});
});
