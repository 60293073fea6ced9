/** Keys that vendors gave a prefix so that they can be found; the table, and a look at one place of a text. */
import { alphanumeric, Bytes, continuesBefore, hasAt, isOf, keyBytes, skipSet } from './bytes.ts';
import { type Finding, makeFinding } from './finding.ts';

interface KeyForm {
  readonly prefix: string;
  /** Bytes behind the prefix; and how many at least, and at most (undefined: any number). */
  readonly set: number;
  readonly least: number;
  readonly most?: number;
}

const mixed = alphanumeric;
const lowerHex = Bytes.hex;
const upperDigits = Bytes.upper | Bytes.digit;

/** As the vendors' own manuals and their secret scanning partners' lists give them. */
const forms: readonly KeyForm[] = [
  { prefix: 'AKIA', set: upperDigits, least: 16, most: 16 }, // AWS
  { prefix: 'ASIA', set: upperDigits, least: 16, most: 16 },
  { prefix: 'AIza', set: keyBytes, least: 35, most: 35 }, // Google
  { prefix: 'GOCSPX-', set: keyBytes, least: 28, most: 28 },
  { prefix: 'ya29.', set: keyBytes, least: 30 },
  { prefix: 'ghp_', set: mixed, least: 36, most: 36 }, // GitHub
  { prefix: 'gho_', set: mixed, least: 36, most: 36 },
  { prefix: 'ghu_', set: mixed, least: 36, most: 36 },
  { prefix: 'ghs_', set: mixed, least: 36, most: 36 },
  { prefix: 'ghr_', set: mixed, least: 36, most: 76 },
  { prefix: 'github_pat_', set: mixed | Bytes.underscore, least: 59, most: 93 },
  { prefix: 'glpat-', set: keyBytes, least: 20 }, // GitLab
  { prefix: 'xoxb-', set: keyBytes, least: 24 }, // Slack
  { prefix: 'xoxp-', set: keyBytes, least: 24 },
  { prefix: 'xoxa-', set: keyBytes, least: 24 },
  { prefix: 'xoxr-', set: keyBytes, least: 24 },
  { prefix: 'xoxs-', set: keyBytes, least: 24 },
  { prefix: 'xoxe-', set: keyBytes, least: 24 },
  { prefix: 'xapp-', set: keyBytes, least: 24 },
  { prefix: 'sk_live_', set: mixed, least: 24 }, // Stripe: pk_ is made to be shown
  { prefix: 'sk_test_', set: mixed, least: 24 },
  { prefix: 'rk_live_', set: mixed, least: 24 },
  { prefix: 'rk_test_', set: mixed, least: 24 },
  { prefix: 'whsec_', set: mixed | Bytes.underscore, least: 24 },
  { prefix: 'SG.', set: keyBytes, least: 22, most: 22 }, // SendGrid: its second part is looked at below
  { prefix: 'sk-ant-', set: keyBytes, least: 24 }, // Anthropic, OpenAI
  { prefix: 'sk-proj-', set: keyBytes, least: 24 },
  { prefix: 'sk-svcacct-', set: keyBytes, least: 24 },
  { prefix: 'sk-', set: mixed, least: 40, most: 64 },
  { prefix: 'hf_', set: Bytes.upper | Bytes.lower, least: 34, most: 37 }, // Hugging Face
  { prefix: 'npm_', set: mixed, least: 36, most: 36 },
  { prefix: 'pypi-', set: keyBytes, least: 80 },
  { prefix: 'dckr_pat_', set: keyBytes, least: 27 }, // Docker
  { prefix: 'dop_v1_', set: lowerHex, least: 64, most: 64 }, // DigitalOcean
  { prefix: 'shpat_', set: Bytes.hex, least: 32, most: 32 }, // Shopify
  { prefix: 'shpss_', set: Bytes.hex, least: 32, most: 32 },
  { prefix: 'shpca_', set: Bytes.hex, least: 32, most: 32 },
  { prefix: 'xkeysib-', set: Bytes.hex | Bytes.dash, least: 64 }, // Brevo
  { prefix: 'hvs.', set: keyBytes, least: 24 }, // HashiCorp Vault
  { prefix: 'glsa_', set: mixed | Bytes.underscore, least: 32 }, // Grafana
  { prefix: 'PMAK-', set: Bytes.hex | Bytes.dash, least: 59, most: 59 }, // Postman
  { prefix: 'lin_api_', set: mixed, least: 40, most: 40 }, // Linear
  { prefix: 'sq0atp-', set: keyBytes, least: 22 }, // Square
  { prefix: 'sq0csp-', set: keyBytes, least: 43 },
];

/** What most forms end their prefix with; AKIA, ASIA and AIza are known by their third letter. */
const pivots: ReadonlySet<string> = new Set(['_', '-', '.']);

interface PlacedForm extends KeyForm {
  readonly bytes: Buffer;
  /** Where in the prefix the pivot is. */
  readonly pivot: number;
}

/** By pivot and the two bytes before it. */
const placed = new Map<number, PlacedForm[]>();
/** By the two bytes before a pivot, whichever it is: what leaves nearly every text untouched. */
export const keyPairs = new Uint8Array(65_536);

for (const form of forms) {
  const last = form.prefix.length - 1;
  const pivot = pivots.has(form.prefix.charAt(last)) ? last : 2;
  const bytes = Buffer.from(form.prefix, 'latin1');
  const pair = ((bytes[pivot - 2] as number) << 8) | (bytes[pivot - 1] as number);
  keyPairs[pair] = 1;
  const key = (pair << 8) | (bytes[pivot] as number);
  placed.set(key, [...(placed.get(key) ?? []), { ...form, bytes, pivot }]);
}

/** The bytes that {@link findKey} wants to be asked about. */
export const keyPivots: ReadonlySet<number> = new Set([...placed.keys()].map((key) => key & 0xff));

/** A key whose prefix has its pivot at `at`; for the bytes of {@link keyPivots} behind one of {@link keyPairs}. */
export function findKey(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  if (at - 2 < start) return undefined;
  const pair = ((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number);
  const candidates = placed.get((pair << 8) | (bytes[at] as number));
  if (candidates === undefined) return undefined;
  for (const form of candidates) {
    const first = at - form.pivot;
    const tail = first + form.bytes.length;
    if (first < start || !hasAt(bytes, first, end, form.bytes) || !beginsKey(bytes, first, start)) continue;
    const keyEnd = skipSet(bytes, tail, end, form.set);
    const length = keyEnd - tail;
    if (length < form.least || length > (form.most ?? length)) continue;
    if (form.prefix === 'SG.') {
      const secondEnd = bytes[keyEnd] === 0x2e ? skipSet(bytes, keyEnd + 1, end, keyBytes) : keyEnd;
      if (secondEnd - keyEnd !== 44) continue;
      return makeFinding('key', first, secondEnd);
    }
    if (continuesKey(bytes, keyEnd, end) || !isMixed(bytes, tail, keyEnd, form)) continue;
    return makeFinding('key', first, keyEnd);
  }
  return undefined;
}

function beginsKey(bytes: Uint8Array, first: number, start: number): boolean {
  return !continuesBefore(bytes, first, start) && !(first > start && bytes[first - 1] === 0x2d);
}

function continuesKey(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && isOf(bytes[at], mixed);
}

/**
 * Placeholders are words in one case (`sk_live_your_secret_key_goes_here`) or one letter repeated; keys are neither. Words
 * seldom have the very length of a key.
 */
function isMixed(bytes: Uint8Array, from: number, to: number, { least, most }: KeyForm): boolean {
  if (bytes.subarray(from, to).every((byte) => byte === bytes[from])) return false;
  if (least === most) return true;
  const joins = Bytes.underscore | Bytes.dash;
  return (
    skipSet(bytes, from, to, Bytes.lower | joins) < to && skipSet(bytes, from, to, Bytes.upper | joins) < to
  );
}
