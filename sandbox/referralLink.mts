/**
 * The site's address with `rh_ref=CODE`, as SparkLoop's samples write it
 * (`https://mywebsite.com?rh_ref=ada90f39`): no slash is added, a query or fragment is kept.
 */
export function referralLink(siteUrl: string, code: string): string {
	const [address, ...fragment] = siteUrl.split('#');
	const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
	return [`${address}${joint}rh_ref=${code}`, ...fragment].join('#');
}
