/** What reading PostgreSQL's catalogs needs everywhere. */

/** OIDs below belong to what initdb made (FirstNormalObjectId, access/transam.h). */
export const firstUserOid = 16_384;

/** Adds to the list that the map keeps under the key. */
export function addTo<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
