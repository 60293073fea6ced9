/** Texts and names for records, with what was found in them replaced: people may call anything by anybody's address. */
import { cleanValue } from './cleanValue.ts';

const plainText = { shape: 'text', column: '' } as const;

export function cleanText(text: string): string {
  const bytes = Buffer.from(text);
  return cleanValue(plainText, bytes, 0, bytes.length)?.bytes?.toString() ?? text;
}

const cleaned = new WeakMap<object, unknown>();

/** The same with each text in it, however deep, cleaned; the same for the same object. */
export function cleanTexts<T>(value: T): T {
  if (typeof value === 'string') return cleanText(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  const known = cleaned.get(value) ?? copyCleaned(value);
  cleaned.set(value, known);
  return known as T;
}

function copyCleaned(value: object): unknown {
  if (Array.isArray(value)) return value.map(cleanTexts);
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, cleanTexts(held)]));
}
