/** Cases of the leak corpus that still come through, by id, with what is missing. */
export const knownGaps: Readonly<Record<string, string>> = {};
