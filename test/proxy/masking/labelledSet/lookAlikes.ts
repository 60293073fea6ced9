/** What only looks like something: the numbers, codes and texts that tables are full of. */
import type { Random } from '../../../kit/random.ts';
import { luhnDigit } from './checks.ts';
import { digits, groups, makeAadhaar, makeCpf, makeIban } from './identifiers.ts';
import { draw } from './secrets.ts';

export interface LookAlike {
  /** As people name it in a sentence, and as a field of a document. */
  readonly name: string;
  readonly field: string;
  readonly make: (random: Random) => string;
}

const hex = '0123456789abcdef';
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = 'abcdefghijklmnopqrstuvwxyz';
const mixed = `${upper}${lower}0123456789`;
const base64url = `${mixed}-_`;

const two = (random: Random, limit: number) => String(1 + random.below(limit)).padStart(2, '0');
const day = (random: Random) => `20${10 + random.below(17)}-${two(random, 12)}-${two(random, 28)}`;
const word = (random: Random) =>
  random.pick('alpha beta delta kestrel lamp oak river stone violet zephyr'.split(' '));

function makeUuid(random: Random): string {
  const text = draw(random, hex, 32);
  return groups(`${text.slice(0, 12)}4${text.slice(13, 16)}a${text.slice(17)}`, [8, 4, 4, 4, 12], '-');
}

/** A card's digits with one of them typed wrong. */
function misspell(random: Random): string {
  const body = `4${digits(random, 14)}`;
  return `${body}${(luhnDigit(body) + 1 + random.below(8)) % 10}`;
}

/** A number whose last digit is another than its check allows. */
function misspellLast(text: string): string {
  return text.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 3) % 10));
}

export const lookAlikes: readonly LookAlike[] = [
  { name: 'order', field: 'order_id', make: (r) => `ORD-${day(r).slice(0, 4)}-${digits(r, 6)}` },
  { name: 'order', field: 'orderNumber', make: (r) => `${digits(r, 3)}-${digits(r, 7)}-${digits(r, 7)}` },
  { name: 'Order no.', field: 'order_no', make: (r) => digits(r, 10) },
  { name: 'order number', field: 'orderNo', make: (r) => `1${digits(r, 15)}` },
  { name: 'Bestellnummer', field: 'bestellung', make: (r) => `${digits(r, 8)}` },
  { name: 'invoice', field: 'invoice', make: (r) => `INV-${digits(r, 8)}` },
  { name: 'facture', field: 'facture', make: (r) => `F${day(r).slice(0, 4)}/${digits(r, 5)}` },
  { name: 'id', field: 'id', make: makeUuid },
  { name: 'trace', field: 'trace_id', make: (r) => draw(r, hex, 32) },
  { name: 'ULID', field: 'ulid', make: (r) => `01${draw(r, '0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}` },
  {
    name: 'at',
    field: 'at',
    make: (r) => `${day(r)}T${two(r, 23)}:${two(r, 59)}:${two(r, 59)}.${digits(r, 6)}Z`,
  },
  {
    name: 'at',
    field: 'created',
    make: (r) => `${day(r)} ${two(r, 23)}:${two(r, 59)}:${two(r, 59)}+0${r.below(10)}:00`,
  },
  { name: 'epoch', field: 'ts', make: (r) => String(1_600_000_000_000 + r.below(1e11)) },
  { name: 'epoch micros', field: 'micros', make: (r) => String(1_600_000_000_000_000 + r.below(1e14)) },
  {
    name: 'stamp',
    field: 'stamp',
    make: (r) => `${day(r).replaceAll('-', '')}${two(r, 23)}${two(r, 59)}${two(r, 59)}`,
  },
  { name: 'snowflake', field: 'message_id', make: (r) => `1${digits(r, 18)}` },
  { name: 'tweet', field: 'status_id', make: (r) => `1${digits(r, 17)}` },
  {
    name: 'version',
    field: 'version',
    make: (r) => `v${r.below(20)}.${r.below(40)}.${r.below(300)}-rc.${r.below(9)}`,
  },
  { name: 'build', field: 'build', make: (r) => `${r.below(200)}.0.${1000 + r.below(8000)}.${r.below(200)}` },
  {
    name: 'SKU',
    field: 'sku',
    make: (r) => `${draw(r, upper, 3)}-${digits(r, 4)}-${r.pick(['BLU', 'RED', 'XL'])}`,
  },
  { name: 'SKU', field: 'sku', make: (r) => `${draw(r, upper, 2)}${digits(r, 6)}${r.pick([...upper])}` },
  { name: 'part no.', field: 'part', make: (r) => `${digits(r, 3)}-${digits(r, 2)}-${digits(r, 4)}` },
  { name: 'part', field: 'partNumber', make: (r) => `${digits(r, 5)}-${draw(r, upper, 3)}-${digits(r, 4)}` },
  { name: 'EAN', field: 'ean', make: (r) => `40${digits(r, 11)}` },
  { name: 'UPC', field: 'upc', make: (r) => digits(r, 12) },
  { name: 'ISBN', field: 'isbn', make: (r) => `978-3-${digits(r, 2)}-${digits(r, 6)}-${digits(r, 1)}` },
  {
    name: 'IMEI',
    field: 'imei',
    make: (r) => {
      const body = `35${digits(r, 12)}`;
      return `${body}${luhnDigit(body)}`;
    },
  },
  { name: 'serial', field: 'serial_number', make: (r) => `S/N ${draw(r, `${upper}0123456789`, 12)}` },
  { name: 'tracking', field: 'tracking_number', make: (r) => groups(`7${digits(r, 11)}`, [4, 4, 4], ' ') },
  { name: 'Sendungsnummer', field: 'tracking', make: (r) => `00340${digits(r, 15)}` },
  { name: 'UPS', field: 'tracking', make: (r) => `1Z${draw(r, `${upper}0123456789`, 16)}` },
  { name: 'tracking', field: 'usps', make: (r) => groups(`9400${digits(r, 18)}`, [4, 4, 4, 4, 4, 2], ' ') },
  { name: 'container', field: 'container', make: (r) => `MSCU${digits(r, 7)}` },
  { name: 'VIN', field: 'vin', make: (r) => `WVW${draw(r, 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 14)}` },
  { name: 'meter', field: 'meter', make: (r) => `${digits(r, 4)} ${digits(r, 4)} ${digits(r, 2)}` },
  { name: 'QR reference', field: 'reference', make: (r) => groups(digits(r, 27), [2, 5, 5, 5, 5, 5], ' ') },
  { name: 'VAT', field: 'vat_id', make: (r) => `DE${digits(r, 9)}` },
  {
    name: 'CNPJ',
    field: 'cnpj',
    make: (r) => `${digits(r, 2)}.${digits(r, 3)}.${digits(r, 3)}/0001-${digits(r, 2)}`,
  },
  { name: 'EIN', field: 'ein', make: (r) => `${two(r, 98)}-${digits(r, 7)}` },
  { name: 'ZIP', field: 'zip', make: (r) => `${digits(r, 5)}-${digits(r, 4)}` },
  { name: 'postcode', field: 'postcode', make: (r) => `SW${r.below(9)}A ${r.below(9)}AA` },
  { name: 'BIC', field: 'bic', make: (r) => `${draw(r, upper, 4)}DEFF${digits(r, 3)}` },
  { name: 'misread', field: 'raw', make: misspell },
  {
    name: 'never issued',
    field: 'dummy',
    make: (r) => `${r.pick(['000', '666', '900', '999'])}-${two(r, 99)}-${digits(r, 4)}`,
  },
  { name: 'typo', field: 'raw', make: (r) => misspellLast(makeIban(r)) },
  { name: 'typo', field: 'raw', make: (r) => misspellLast(makeCpf(r)) },
  { name: 'typo', field: 'raw', make: (r) => misspellLast(makeAadhaar(r)) },
  { name: 'typo', field: 'raw', make: (r) => `DE00${digits(r, 18)}` },
  { name: 'commit', field: 'sha', make: (r) => draw(r, hex, 40) },
  { name: 'commit', field: 'short', make: (r) => draw(r, hex, 7) },
  { name: 'digest', field: 'digest', make: (r) => `sha256:${draw(r, hex, 64)}` },
  { name: 'etag', field: 'etag', make: (r) => `"${draw(r, hex, 32)}-${r.below(9)}"` },
  { name: 'md5', field: 'checksum', make: (r) => draw(r, hex, 32) },
  { name: 'integrity', field: 'integrity', make: (r) => `sha512-${r.bytes(64).toString('base64')}` },
  { name: 'colour', field: 'colour', make: (r) => `#${draw(r, hex, 6)}` },
  { name: 'host', field: 'mac', make: (r) => (draw(r, hex, 12).match(/../g) ?? []).join(':') },
  { name: 'from', field: 'ip', make: (r) => `10.${r.below(255)}.${r.below(255)}.${r.below(255)}` },
  {
    name: 'at',
    field: 'position',
    make: (r) => `${(r.next() * 90).toFixed(6)}, ${(r.next() * 180).toFixed(6)}`,
  },
  {
    name: 'at',
    field: 'iso6709',
    make: (r) => `+${(10 + r.next() * 70).toFixed(4)}-0${(10 + r.next() * 80).toFixed(4)}/`,
  },
  { name: 'ratio', field: 'ratio', make: (r) => `0.${digits(r, 16)}` },
  { name: 'score', field: 'score', make: (r) => `${r.next() * 10}` },
  { name: 'price', field: 'price', make: (r) => `$${1 + r.below(900)},${digits(r, 3)}.${digits(r, 2)}` },
  {
    name: 'change',
    field: 'delta',
    make: (r) => `+${(1000 + r.below(1e6)).toLocaleString('en')} (+${r.below(99)}.${r.below(9)}%)`,
  },
  { name: 'offset', field: 'offset', make: (r) => `UTC+0${r.below(9)}:30` },
  { name: 'delta', field: 'delta', make: (r) => `+${1 + r.below(9)}0000000` },
  { name: 'account', field: 'aws_account', make: (r) => `arn:aws:iam::${digits(r, 12)}:role/${word(r)}` },
  {
    name: 'link',
    field: 'url',
    make: (r) => `https://${word(r)}.example.com:8443/${word(r)}/${digits(r, 16)}?page=${r.below(9)}`,
  },
  { name: 'db', field: 'dsn', make: (r) => `postgres://${word(r)}@db.internal:5432/${word(r)}` },
  {
    name: 'db',
    field: 'dsn',
    make: (r) =>
      `postgres://${word(r)}:${r.pick([`$${'{DB_PASSWORD}'}`, '****', '<password>', '%s', 'password'])}@localhost/${word(r)}`,
  },
  {
    name: 'clone',
    field: 'remote',
    make: (r) => `git@${r.pick(['github.com', 'gitlab.com', 'bitbucket.org'])}:${word(r)}/${word(r)}.git`,
  },
  {
    name: 'package',
    field: 'package',
    make: (r) => `@${word(r)}/${word(r)}@${r.below(9)}.${r.below(20)}.${r.below(20)}`,
  },
  {
    name: 'asset',
    field: 'asset',
    make: (r) => `${word(r)}@${2 + r.below(2)}x.${r.pick(['png', 'jpg', 'webp'])}`,
  },
  { name: 'unit', field: 'unit', make: (r) => `${word(r)}@${r.below(9)}.service` },
  {
    name: 'image',
    field: 'image',
    make: (r) => `registry.example.com/${word(r)}@sha256:${draw(r, hex, 64)}`,
  },
  { name: 'by', field: 'handle', make: (r) => `@${word(r)}_${word(r)}` },
  { name: 'meet', field: 'note', make: (r) => `${word(r)} @ ${word(r)}, ${r.below(12)} pm` },
  { name: 'object', field: 'object', make: (r) => `com.example.${word(r)}@${draw(r, hex, 7)}` },
  {
    name: 'cursor',
    field: 'next_cursor',
    make: (r) => Buffer.from(JSON.stringify({ id: r.below(1e6), v: word(r) })).toString('base64'),
  },
  { name: 'page', field: 'next_token', make: (r) => `${draw(r, base64url, 40)}` },
  {
    name: 'signed',
    field: 'cursor',
    make: (r) =>
      `${Buffer.from(JSON.stringify({ n: r.below(1e6) })).toString('base64url')}.${draw(r, base64url, 43)}`,
  },
  { name: 'publishable', field: 'publishable', make: (r) => `pk_live_${draw(r, mixed, 24)}` },
  {
    name: 'object',
    field: 'stripe',
    make: (r) => `${r.pick(['cus', 'pi', 'sub', 'price', 'evt'])}_${draw(r, mixed, 24)}`,
  },
  { name: 'slack', field: 'channel', make: (r) => `C${draw(r, `${upper}0123456789`, 10)}` },
  {
    name: 'analytics',
    field: 'tag',
    make: (r) => `${r.pick(['UA', 'GTM', 'G'])}-${draw(r, `${upper}0123456789`, 8)}`,
  },
  {
    name: 'public',
    field: 'pem',
    make: (r) =>
      `-----BEGIN ${r.pick(['PUBLIC KEY', 'CERTIFICATE'])}-----\n${r.bytes(200).toString('base64')}\n-----END`,
  },
  { name: 'ssh', field: 'ssh', make: (r) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${draw(r, mixed, 43)}` },
  {
    name: 'env',
    field: 'env',
    make: (r) =>
      r.pick([
        `API_KEY=$${'{API_KEY}'}`,
        'password=<your password>',
        'token: required',
        'SECRET_KEY=changeme',
      ]),
  },
  {
    name: 'form',
    field: 'form',
    make: (r) =>
      r.pick([
        '{"password":null}',
        '{"passwordChanged":true}',
        '{"primary_key":"customer_address_2"}',
        'Password: forgotten, reset it',
      ]),
  },
  { name: 'cost', field: 'cost', make: (r) => `$${r.below(9)} and $${r.below(99)}.00 or $${r.below(5)}$` },
  {
    name: 'license',
    field: 'license',
    make: (r) => groups(draw(r, `${upper}0123456789`, 20), [5, 5, 5, 5], '-'),
  },
  {
    name: 'flight',
    field: 'flight',
    make: (r) => `LH${digits(r, 3)} ${two(r, 28)}${r.pick(['JAN', 'MAY'])} FRAJFK`,
  },
  {
    name: 'ruler',
    field: 'text',
    make: (r) => `${'-'.repeat(5 + r.below(30))} ${word(r)} ${'='.repeat(r.below(20))}`,
  },
  { name: 'SKU', field: 'slug', make: (r) => `sk-${digits(r, 4)}-${word(r)}` },
  { name: 'path', field: 'path', make: (r) => `/var/log/${word(r)}/${day(r)}/${digits(r, 16)}.log` },
  {
    name: 'said',
    field: 'text',
    make: (r) => `${word(r)} und ${word(r)} für ${r.below(90)} € (netto), Größe ${r.below(50)}`,
  },
  { name: 'dit', field: 'text', make: (r) => `à ${two(r, 12)} h ${two(r, 59)}, salle n° ${digits(r, 3)}` },
  { name: '说', field: 'text', make: (r) => `会议于${day(r)}举行，编号${digits(r, 6)}` },
];
