/** What `portcullis doctor` finds: something good, something bad with what to do, or something merely worth knowing. */

export interface Finding {
  readonly kind: 'good' | 'bad' | 'note';
  readonly text: string;
}

export const signs: Readonly<Record<Finding['kind'], string>> = { good: '✓', bad: '✗', note: '·' };

export function good(text: string): Finding {
  return { kind: 'good', text };
}

export function bad(text: string): Finding {
  return { kind: 'bad', text };
}

export function note(text: string): Finding {
  return { kind: 'note', text };
}
