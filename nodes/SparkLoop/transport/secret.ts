/** Shorter texts are no secrets, and taking them out would only make an answer unreadable. */
export const isSecret = (text: string): boolean => text.length >= 8;
