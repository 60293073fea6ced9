/** Everyday statements that are still refused or answered otherwise, by what they begin with, with what is missing. */
export const knownChanges: Readonly<Record<string, string>> = {};
