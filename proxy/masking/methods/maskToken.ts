/** Deterministic stand-ins in the type of the value: equal values give equal ones, in text and in binary, in any table. */
import type { ClassificationKind } from '../classification.ts';
import type { Mask } from '../maskValue.ts';
import type { KindTokens } from './tokens.ts';

/** `tok_…`; of an e-mail address one that no mail can reach (RFC 6761, section 6.4). */
export function tokenText(kind: ClassificationKind, tokens: KindTokens): Mask {
  const ending = kind === 'pii.email' ? '@masked.invalid' : '';
  return (source, start, end) => {
    // Blanks at the end are no part of a char(n) (manual, 8.3): the same value in a text column has none.
    let last = end;
    while (last > start && source[last - 1] === 0x20) last--;
    return tokens.remember('token ', source, start, last, (value) =>
      Buffer.from(`${tokens.token(value)}${ending}`, 'latin1'),
    );
  };
}

/** Version 8, for forms of one's own (RFC 9562, section 5.8). */
export function tokenUuid(tokens: KindTokens, format: number): Mask {
  const size = format === 0 ? 36 : 16;
  return (source, start, end) => {
    if (end - start !== size) return undefined;
    return tokens.remember(`uuid ${format} `, source, start, end, (value) => {
      const bytes = format === 0 ? Buffer.from(value.toString('latin1').replaceAll('-', ''), 'hex') : value;
      const made = Buffer.from(tokens.digest(bytes).subarray(0, 16));
      made[6] = ((made[6] ?? 0) & 0x0f) | 0x80;
      made[8] = ((made[8] ?? 0) & 0x3f) | 0x80;
      if (format === 1) return made;
      return Buffer.from(made.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), 'latin1');
    });
  };
}

/** 16 bytes. Text in the form `\x…`; in the old escape form (bytea_output) it becomes NULL. */
export function tokenBytes(tokens: KindTokens, format: number): Mask {
  return (source, start, end) => {
    if (format === 1) return tokens.digest(source.subarray(start, end)).subarray(0, 16);
    if (source.toString('latin1', start, start + 2) !== '\\x' || end - start < 2) return undefined;
    const bytes = Buffer.from(source.toString('latin1', start + 2, end), 'hex');
    return Buffer.from(`\\x${tokens.digest(bytes).toString('hex', 0, 16)}`, 'latin1');
  };
}
