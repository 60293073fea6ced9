/** Guardrails: what the proxy says about SQL, shown where it is written, with fixes. One judge: nothing is decided here. */
import {
  Diagnostic,
  DiagnosticSeverity,
  type ExtensionContext,
  languages,
  Range,
  type Uri,
  workspace,
} from 'vscode';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { GuardrailFixes } from './guardrailFixes.ts';
import { GuardrailHover } from './guardrailHover.ts';
import { diagnosticOf } from './markRange.ts';
import { registerPolicyDiagnostics } from './policyDiagnostics.ts';
import { type CheckedText, TextChecker } from './textChecker.ts';

const sql = { language: 'sql' };

export function registerGuardrails(
  context: ExtensionContext,
  proxy: ProxyControl,
  choice: ConnectionChoice,
): void {
  const checker = new TextChecker(proxy, choice);
  const diagnostics = languages.createDiagnosticCollection('portcullis');
  context.subscriptions.push(
    checker,
    diagnostics,
    registerPolicyDiagnostics(proxy),
    checker.onChange(({ uri, checked }) => diagnostics.set(uri, diagnosticsOf(uri, checked))),
    languages.registerCodeActionsProvider(sql, new GuardrailFixes(checker)),
    languages.registerHoverProvider(sql, new GuardrailHover(checker)),
  );
  checker.checkVisible();
}

/** Undefined takes what was there away. */
function diagnosticsOf(uri: Uri, checked: CheckedText | undefined): Diagnostic[] | undefined {
  const document = workspace.textDocuments.find((candidate) => candidate.uri.toString() === uri.toString());
  // The offsets are of the version that was checked: another check is on its way.
  if (checked === undefined || document?.version !== checked.version) return undefined;
  if (checked.isTooLong) return [tooLong()];
  return checked.marks.map((mark) => diagnosticOf(document, mark));
}

/** Said once a document, at its first line. */
function tooLong(): Diagnostic {
  const message =
    'This document is larger than 1 MB, so it is not checked while you type. Its statements are judged when they run.';
  const diagnostic = new Diagnostic(new Range(0, 0, 0, 1), message, DiagnosticSeverity.Information);
  diagnostic.source = 'Portcullis';
  return diagnostic;
}
