const EMAIL =
	/^[^\s@,;<>"()[\]\\]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;

/** Whether a text is one email address that a newsletter could be sent to. The mail server has the last word. */
export const isEmail = (text: string): boolean => text.length <= 254 && EMAIL.test(text);

/** Which of two addresses are the same person to SparkLoop, which identifies people by email. */
export const sameEmail = (one: string, other: string): boolean =>
	one.toLowerCase() === other.toLowerCase();

/** The text without more of a person than the email's domain: `john@email.com` becomes `…@email.com`. */
export const withoutEmails = (text: string): string =>
	text.replace(/[^\s@"<>:;,(){}[\]=]+(?:@|%40)/gi, '…@');
