/** Proxy ids that begin so are the collector's own: nobody may send events under one. */
export const ownPrefix = 'collector:';
