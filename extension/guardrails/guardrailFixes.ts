/** Quick fixes for findings: the smallest change that would pass, or asking for approval. */
import {
  CodeAction,
  type CodeActionContext,
  CodeActionKind,
  type CodeActionProvider,
  type Range,
  SnippetString,
  SnippetTextEdit,
  type TextDocument,
  WorkspaceEdit,
} from 'vscode';
import { placeLimit } from './addLimit.ts';
import { isAboutMissingWhere, placeWhere } from './addWhere.ts';
import type { Mark } from './findings.ts';
import { rangeOf } from './markRange.ts';
import type { TextChecker } from './textChecker.ts';

export class GuardrailFixes implements CodeActionProvider {
  readonly #checker: TextChecker;

  constructor(checker: TextChecker) {
    this.#checker = checker;
  }

  provideCodeActions(document: TextDocument, range: Range, context: CodeActionContext): CodeAction[] {
    const { marks = [], statements = [] } = this.#checker.of(document) ?? {};
    const here = marks.filter((mark) => rangeOf(document, mark).intersection(range) !== undefined);
    const actions = here.flatMap((mark) => {
      const fixes = [addWhere(document, mark), askForApproval(document, mark)];
      const diagnostics = context.diagnostics.filter(
        ({ source, message }) => source === 'Portcullis' && message === mark.message,
      );
      for (const fix of fixes) if (fix !== undefined) fix.diagnostics = diagnostics;
      return fixes.filter((fix) => fix !== undefined);
    });
    // Two findings of one statement have one fix.
    const distinct = actions.filter(
      (action, index) => actions.findIndex((other) => isSameFix(action, other)) === index,
    );
    const statement = statements.find((one) => rangeOf(document, one).contains(range.start));
    const limit = statement && addLimit(document, statement);
    return limit === undefined ? distinct : [...distinct, limit];
  }
}

function addWhere(document: TextDocument, mark: Mark): CodeAction | undefined {
  if (!isAboutMissingWhere(mark.code)) return undefined;
  const offset = placeWhere(document.getText(), mark.statement);
  if (offset === undefined) return undefined;
  const action = new CodeAction('Add a WHERE clause', CodeActionKind.QuickFix);
  const snippet = SnippetTextEdit.insert(document.positionAt(offset), new SnippetString(' WHERE $0'));
  action.edit = new WorkspaceEdit();
  action.edit.set(document.uri, [snippet]);
  action.isPreferred = true;
  return action;
}

/** No finding asks for it: a query that returns everything is allowed, and seldom what was meant. */
function addLimit(document: TextDocument, statement: Mark['statement']): CodeAction | undefined {
  const offset = placeLimit(document.getText(), statement);
  if (offset === undefined) return undefined;
  const action = new CodeAction('Add LIMIT 1000', CodeActionKind.RefactorRewrite);
  action.edit = new WorkspaceEdit();
  action.edit.insert(document.uri, document.positionAt(offset), ' LIMIT 1000');
  return action;
}

function askForApproval(document: TextDocument, mark: Mark): CodeAction | undefined {
  if (mark.loudness !== 'warning') return undefined;
  const action = new CodeAction('Run and ask for approval', CodeActionKind.QuickFix);
  action.command = {
    command: 'portcullis.runStatement',
    title: action.title,
    arguments: [document.uri, mark.statement.start],
  };
  return action;
}

function isSameFix(one: CodeAction, other: CodeAction): boolean {
  const key = ({ title, command }: CodeAction) => JSON.stringify([title, command?.arguments?.[1]]);
  return key(one) === key(other);
}
