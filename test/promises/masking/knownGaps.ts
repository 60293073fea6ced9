/** Ways that still lead through, by id of their case, with the reason: none is known. */
export const knownGaps: Readonly<Record<string, string>> = {};
