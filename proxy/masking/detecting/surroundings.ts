/** The words before a number: what it is called decides where its digits alone do not. */

/** Bytes before a number that are read. */
const reach = 40;

/** The words of each kind of number, in the languages of the column names; matched at the start of a word. */
const namesOf = {
  card: /(?:^|[^a-z])(?:card|visa|master ?card|amex|american express|discover|diners|jcb|unionpay|rupay|maestro|credit|debit|pan\b|cc\b|kreditkarte|karten|carte|cb\b|tarjeta|cart[aã]o|carta|kaart|credi|k[aā]rt)|kaart/g,
  ssn: /(?:^|[^a-z])(?:ssn|ss#|social[ _-]?sec|social\b|tax ?id|itin|tin\b)/g,
  nino: /(?:^|[^a-z])(?:nino\b|ni[ _-]?(?:no|number|#)|national[ _-]?ins)/g,
  cpf: /(?:^|[^a-z])(?:cpf|cadastro de pessoa|contribuinte)/g,
  aadhaar: /(?:^|[^a-z])(?:aadh?aar|adhaar|uidai|uid\b)|\u0906\u0927\u093e\u0930/g,
  phone:
    /(?:^|[^a-z])(?:tel|phone|telephone|telefon|t[eé]l[eé]phone|tel[eé]fono|telefone|telefoon|cell|mobile|mobil|handy|whatsapp|call|fax|m[oó]vil|celular|rufnummer|appel)/g,
} as const;

/** What else numbers are called: an order's, a parcel's, a part's. */
const otherNames =
  /(?:^|[^a-z])(?:orders?|invoices?|skus?|parts?|track(?:ing)?|refs?|references?|serials?|s\/n|tickets?|cases?|items?|products?|models?|versions?|builds?|batch|lots?|imei|isbn|ean|upc|gtin|asin|barcodes?|bookings?|transactions?|txn|trx|receipts?|shipments?|parcels?|awb|waybill|po|job|contract|meter|device|article|bestell\w*|auftrags?\w*|rechnungs?\w*|sendungs?\w*|artikel\w*|seriennummer|commande|facture|colis|suivi|pedido|factura|rastreio|encomenda|ordine|fattura|spedizione|nota fiscal|zending|factuur|bestelling)(?![a-z])/g;

/** What may stand between another's name and its number: `order no. 4242…`, `"orderId":"4242…`; no further words. */
const shortGap =
  /^[a-z]{0,6}[\s"':=#.()>_-]{0,6}(?:(?:no|nr|num|number|id|code|nº|n°|#)\b[\s"':=#.()>_-]{0,6})?(?:s\/n )?$/;

export type NumberName = keyof typeof namesOf;

/** The value that a number stands in, and the name of its column. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly column: string;
}

/** `named`: the nearest name before `at`, or else the column, is its own; `other`: it is another's; undefined: none is there. */
export function readName(
  { bytes, start, column }: Place,
  at: number,
  name: NumberName,
): 'named' | 'other' | undefined {
  const from = Math.max(start, at - reach);
  const text = normalize(Buffer.from(bytes.buffer, bytes.byteOffset + from, at - from).toString('utf8'));
  const own = findLast(text, namesOf[name]);
  const other = findLast(text, otherNames);
  if (own !== undefined && (other === undefined || own.index >= other.index)) return 'named';
  if (other !== undefined && shortGap.test(text.slice(other.index + other[0].length))) return 'other';
  return readColumn(column, name);
}

function readColumn(column: string, name: NumberName): 'named' | 'other' | undefined {
  if (column === '') return undefined;
  const text = normalize(column);
  if (findLast(text, namesOf[name]) !== undefined) return 'named';
  return findLast(text, otherNames) === undefined ? undefined : 'other';
}

/** `orderId` and `order_id` as `order id`. */
function normalize(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll('_', ' ');
}

function findLast(text: string, pattern: RegExp): RegExpExecArray | undefined {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(pattern)) last = match;
  return last;
}
