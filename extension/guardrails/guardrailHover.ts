/** The hover over a finding: what would pass. Message and detail stand above it, with the diagnostic. */
import { Hover, type HoverProvider, MarkdownString, type Position, type TextDocument } from 'vscode';
import { rangeOf } from './markRange.ts';
import type { TextChecker } from './textChecker.ts';

export class GuardrailHover implements HoverProvider {
  readonly #checker: TextChecker;

  constructor(checker: TextChecker) {
    this.#checker = checker;
  }

  provideHover(document: TextDocument, position: Position): Hover | undefined {
    const marks = (this.#checker.of(document)?.marks ?? []).filter(
      (mark) => mark.hint !== '' && rangeOf(document, mark).contains(position),
    );
    const [first] = marks;
    if (first === undefined) return undefined;
    const hints = [...new Set(marks.map(({ hint }) => hint))];
    // Untrusted, and written by appendText: a hint is text, whatever it holds.
    const texts = hints.map((hint) => new MarkdownString('**What would pass:** ').appendText(hint));
    return new Hover(texts, rangeOf(document, first));
  }
}
