/** Addresses of tiles and entry bundles (C2SP tlog-tiles): `<level>/<index>[.p/<width>]`, the index in groups of three digits. */

export const tileWidth = 256;

export interface TileAddress {
  /** `entries`: the bundle of the entries under the tile of level 0 with the same index. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 256 where it is whole. */
  readonly width: number;
}

const form = /^(0|[1-9]\d?|entries)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
const highestLevel = 63;

/** What follows `/tile/`. */
export function formatTilePath({ level, index, width }: TileAddress): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${level}/${path}${width < tileWidth ? `.p/${width}` : ''}`;
}

/** Answers undefined for whatever is not the one way to write the address of a tile. */
export function parseTilePath(path: string): TileAddress | undefined {
  const [, levelText = '', groups = '', widthText] = form.exec(path) ?? [];
  const index = Number(groups.replace(/[x/]/g, ''));
  const level: TileAddress['level'] = levelText === 'entries' ? levelText : Number(levelText);
  const width = widthText === undefined ? tileWidth : Number(widthText);
  if (groups === '' || !Number.isSafeInteger(index * tileWidth)) return undefined;
  if (level !== 'entries' && level > highestLevel) return undefined;
  const address = { level, index, width };
  return formatTilePath(address) === path ? address : undefined;
}
