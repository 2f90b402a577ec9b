import fc from 'fast-check';

import { endpoint } from '../../nodes/SparkLoop/transport/endpoint';

describe('the address in a credential', () => {
	it.each([
		['https://hooks.example/in/s3cr3t', 'https://hooks.example/in/s3cr3t'],
		[' https://hooks.example/in/s3cr3t/\n', 'https://hooks.example/in/s3cr3t'],
		['HTTPS://hooks.example', 'HTTPS://hooks.example'],
		['http://localhost:3000/v2/', 'http://localhost:3000/v2'],
		['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
		['http://[::1]:3000', 'http://[::1]:3000'],
	])('may be %j', (text, url) => {
		expect(endpoint(text)).toEqual({ url });
	});

	it.each([
		[undefined, 'is empty'],
		[5, 'is empty'],
		[' ', 'is empty'],
		['hooks.example/in', 'is not a URL'],
		['http://hooks.example', 'has to start with https://'],
		['http://localhost.hooks.example', 'has to start with https://'],
		['http://localhost@hooks.example', 'has to start with https://'],
		['ftp://localhost/in', 'has to start with https://'],
		['file:///etc/passwd', 'has to start with https://'],
	])('may not be %j, because it %s', (text, reason) => {
		expect(endpoint(text)).toEqual({ reason: expect.stringContaining(reason) as string });
	});

	it('is never repeated by the reason', () => {
		fc.assert(
			fc.property(
				fc.string({ minLength: 12 }),
				fc.constantFrom('', 'http://', 'ftp://'),
				(text, scheme) => {
					const checked = endpoint(scheme + text);
					if ('reason' in checked) expect(checked.reason).not.toContain(text);
				},
			),
		);
	});
});
