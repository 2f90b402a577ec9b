// The scanner ships without types.
declare module '@n8n/scan-community-package/scanner/scanner.mjs' {
	/** Which files of a package's source are scanned. */
	export const SOURCE_FILE_PATTERNS: string[];
	/** Applies n8n's rules for community nodes to the files of a folder. */
	export function analyzePackage(
		folder: string,
		files: string | string[],
	): Promise<{ passed: boolean; message?: string; details?: string }>;
}
