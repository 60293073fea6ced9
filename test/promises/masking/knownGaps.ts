/** Cases of the leak corpus that still come through, by id, with what is missing. */
export const knownGaps: Readonly<Record<string, string>> = {
  'M29-a07': 'a view that somebody else redefines at this moment is judged as it was',
};
