/** E-mail addresses and telephone numbers as people of several countries write them. */
import type { Random } from '../../../kit/random.ts';
import { digits } from './identifiers.ts';

const firstNames =
  'anna jürgen maría joão françois wei priya olumide søren łukasz yuki fatima liam chloé ivan marco mehmet aiko'.split(
    ' ',
  );
const lastNames =
  "müller garcía silva dubois chen sharma okafor nielsen kowalski tanaka hassan o'brien martin petrov rossi yılmaz smith de-vries".split(
    ' ',
  );
const domains =
  `gmail.com outlook.com yahoo.co.uk web.de orange.fr hotmail.es uol.com.br qq.com rediffmail.com proton.me
  example.org mail.example.net university.ac.uk company.co.jp correo.gob.mx bücher.example posta.it seznam.cz firma.com.tr
  startup.io agency.dev museum.travel`.split(/\s+/);

function plain(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace('ł', 'l')
    .replace('ø', 'o')
    .replace('ı', 'i');
}

export function makeEmail(random: Random): string {
  const first = plain(random.pick(firstNames));
  const last = plain(random.pick(lastNames));
  const local = random.pick([
    `${first}.${last}`,
    `${first}${random.below(100)}`,
    `${first.charAt(0)}.${last}`,
    `${first}_${last}`,
    `${last}`,
    `${first}+news`,
    `info`,
    `${first}-${last}`,
    `${first.toUpperCase()}.${last.toUpperCase()}`,
  ]);
  return `${local}@${random.pick(domains)}`;
}

/** Calling code, and patterns of national numbers: 0 stands for a digit, 2 for one from 2 to 9, other characters for themselves. */
const plans: readonly (readonly [string, readonly string[]])[] = [
  ['+1', ['2022020000', ' 202-202-0000', ' (202) 202-0000', '-202-202-0000', ' 202 202 0000', '.2022020000']],
  ['+44', ['7900000000', ' 7700 900000', ' 20 7946 0000', ' (0)20 7946 0000', ' 161 496 0000']],
  ['+49', ['15100000000', ' 30 2200000', ' 151 20000000', ' (0)89 200000-0', ' 40/2200000']],
  ['+33', ['600000000', ' 6 00 00 00 00', ' 1 40 00 00 00']],
  ['+34', ['600000000', ' 612 00 00 00', ' 91 200 00 00']],
  ['+39', [' 06 2000000', ' 333 2000000', '3300000000']],
  ['+31', [' 6 20000000', ' 20 200 0000']],
  ['+41', [' 79 200 00 00', ' 44 200 00 00']],
  ['+43', [' 664 2000000', ' 1 2000000']],
  ['+48', [' 600 000 000', '600000000']],
  ['+46', [' 70-200 00 00', ' 8 200 00 00']],
  ['+45', [' 20 00 00 00']],
  ['+47', [' 400 00 000']],
  ['+351', [' 912 000 000', '912000000']],
  ['+353', [' 87 200 0000']],
  ['+358', [' 40 2000000']],
  ['+420', [' 602 000 000']],
  ['+55', [' 11 92000-0000', ' (11) 92000-0000', '11920000000', ' 21 2200-0000']],
  ['+52', [' 55 2000 0000', '5520000000']],
  ['+54', [' 9 11 2000-0000', ' 11 2000-0000']],
  ['+91', [' 98200 00000', '9820000000', '-22-22000000']],
  ['+86', [' 138 0000 0000', '13800000000']],
  ['+81', [' 90-2000-0000', ' 3-2200-0000']],
  ['+82', [' 10-2000-0000']],
  ['+61', [' 4 2000 0000', ' 2 9200 0000']],
  ['+64', [' 21 200 0000']],
  ['+65', [' 9200 0000']],
  ['+90', [' 532 200 00 00']],
  ['+7', [' 912 200-00-00', '9122000000']],
  ['+380', [' 50 200 0000']],
  ['+971', [' 50 200 0000']],
  ['+966', [' 50 200 0000']],
  ['+972', [' 52-200-0000']],
  ['+20', [' 10 0200 0000']],
  ['+27', [' 82 200 0000']],
  ['+234', [' 803 200 0000', '8032000000']],
  ['+254', [' 722 000000']],
  ['+62', [' 812-2000-0000']],
  ['+63', [' 917 200 0000']],
];

export function makePhone(random: Random): string {
  const [code, patterns] = random.pick(plans);
  const national = random
    .pick(patterns)
    .replace(/(?<!\()0(?!\))/g, () => digits(random, 1))
    .replace(/2(?=\d\d)/g, () => String(2 + random.below(8)));
  return code + national;
}
