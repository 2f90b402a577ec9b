/** A reader as an ESP exports one: some names need quotes, some cells are blank, some referrers are addresses. */
const row = (index: number) => ({
	email: `reader.${index}@example${index % 97}.com`,
	name: index % 10 === 0 ? `Zoë "Z" Smith, ${index}` : `Jane Smith ${index}`,
	created_at: new Date(1.5e12 + index * 100_003).toISOString(),
	ip_address: `10.${index % 256}.${(index >> 8) % 256}.7`,
	referrer: index % 3 === 0 ? `reader.${index + 1}@example1.com` : `f94${index % 1000}`,
	source: index % 2 === 0 ? null : 'web',
});

export const csvRows = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ json: row(index) }));
