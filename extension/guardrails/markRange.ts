/** From the offsets of a mark to the editor's own types. */
import { Diagnostic, DiagnosticSeverity, Range, type TextDocument } from 'vscode';
import type { Loudness, Mark } from './findings.ts';

const severities: Readonly<Record<Loudness, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

export function rangeOf(document: TextDocument, { start, end }: Pick<Mark, 'start' | 'end'>): Range {
  return new Range(document.positionAt(start), document.positionAt(end));
}

export function diagnosticOf(document: TextDocument, mark: Mark): Diagnostic {
  const diagnostic = new Diagnostic(rangeOf(document, mark), mark.message, severities[mark.loudness]);
  diagnostic.source = 'Portcullis';
  if (mark.policy !== '') diagnostic.code = mark.policy;
  return diagnostic;
}
