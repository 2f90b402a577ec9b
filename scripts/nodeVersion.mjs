const NEEDED = 20;

/**
 * @param {string} version a Node version such as '18.20.4'
 * @returns {string | null} what to tell the user of a Node that cannot run this project
 */
export function tooOld(version) {
	if (Number(version.split('.')[0]) >= NEEDED) return null;
	return (
		'n8n-nodes-sparkloop needs Node ' +
		NEEDED +
		' or later, this is v' +
		version +
		'.\n' +
		'Install a current one from https://nodejs.org (or "nvm install ' +
		NEEDED +
		'", if you use nvm). ' +
		'The Node 24 that n8n itself needs is set up here, you need not install that one.'
	);
}
