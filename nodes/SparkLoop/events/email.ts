const EMAIL =
	/^[^\s\p{Cc}\p{Cf}\p{Cs}@,;<>"()[\]\\]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}][\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}]$/u;

/** Whether a text is one email address that a newsletter could be sent to. The mail server has the last word. */
export const isEmail = (text: string): boolean => text.length <= 254 && EMAIL.test(text);

/** Which of two addresses are the same person to SparkLoop, which identifies people by email. */
export const sameEmail = (one: string, other: string): boolean =>
	one.toLowerCase() === other.toLowerCase();

/**
 * The text without more of a person than the email's domain: `john@email.com` becomes `…@email.com`. It looks only where
 * a word begins, or a long answer without blanks would keep it busy for minutes.
 */
export const withoutEmails = (text: string): string =>
	text.replace(/(?<![^\s@"<>:;,(){}[\]=])[^\s@"<>:;,(){}[\]=]+(?:@|%40)/gi, '…@');
