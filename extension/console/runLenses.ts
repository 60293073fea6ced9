/** The lines above statements: Run, and on the first line of the document where it would run. */
import {
  CodeLens,
  type CodeLensProvider,
  type Disposable,
  EventEmitter,
  Range,
  type TextDocument,
} from 'vscode';
import type { CheckedStatement, ConnectionStatus } from '../../proxy/control/messages.ts';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import { isProduction } from '../kit/environment.ts';
import { absenceOf, type ProxyControl } from '../kit/proxyControl.ts';
import { accessOf } from '../kit/proxyLink.ts';
import { plainLine } from '../kit/userText.ts';
import type { CheckedTexts } from './checkedTexts.ts';

const firstLine = new Range(0, 0, 0, 0);

export class RunLenses implements CodeLensProvider, Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #link: ProxyControl;
  readonly #choice: ConnectionChoice;
  readonly #texts: CheckedTexts;

  constructor(link: ProxyControl, choice: ConnectionChoice, texts: CheckedTexts) {
    this.#link = link;
    this.#choice = choice;
    this.#texts = texts;
  }

  refresh(): void {
    this.#changed.fire();
  }

  async provideCodeLenses(document: TextDocument): Promise<CodeLens[]> {
    const connection = this.#choice.of(document);
    if (accessOf(this.#link) === undefined || connection === undefined) return [describeAbsence(this.#link)];
    const head = describeConnection(connection);
    const statements = await this.#texts.of(document, connection.name).catch(() => []);
    return [...statements.map((statement) => runLens(document, statement)), head];
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function runLens(document: TextDocument, statement: CheckedStatement): CodeLens {
  const start = document.positionAt(statement.start);
  const [title, tooltip] = wordsOf(statement.outcome);
  return new CodeLens(new Range(start, document.positionAt(statement.end)), {
    title: `$(play) ${title}`,
    tooltip,
    command: 'portcullis.runStatement',
    arguments: [document.uri, statement.start],
  });
}

function wordsOf(outcome: CheckedStatement['outcome']): readonly [title: string, tooltip: string] {
  switch (outcome) {
    case 'approve':
      return ['Run (waits for approval)', 'Asks for approval and runs as soon as a reviewer approves'];
    case 'deny':
      return ['Run (denied)', 'The policy denies this statement: running it shows why'];
    default:
      return ['Run', 'Run this statement (Ctrl+Enter, on a Mac Cmd+Enter)'];
  }
}

function describeConnection(connection: ConnectionStatus): CodeLens {
  const { name, environment, state, problem } = connection;
  const icon = isProduction(connection.environment) ? '$(warning)' : '$(database)';
  const shown = isProduction(connection.environment) ? environment.toUpperCase() : environment;
  const suffix = state === 'ready' ? '' : state === 'opening' ? ' (opening)' : ' (unreachable)';
  return new CodeLens(firstLine, {
    title: `${icon} ${name} · ${shown}${suffix}`,
    tooltip: problem?.message ?? 'Choose the connection of this document',
    command: 'portcullis.chooseConnection',
  });
}

/** Why nothing can be run, and a click that helps. */
function describeAbsence(link: ProxyControl): CodeLens {
  const absence = absenceOf(link);
  if (absence === undefined)
    return new CodeLens(firstLine, {
      title: '$(info) No connection is assigned to you: ask who runs the collector',
      command: '',
    });
  if (absence.help === 'wait')
    return new CodeLens(firstLine, {
      title: `$(loading~spin) ${plainLine(absence.why)}`,
      command: 'portcullis.showLog',
      tooltip: 'Show the log',
    });
  return new CodeLens(firstLine, {
    title:
      link.status?.state === 'expired'
        ? '$(account) Your sign-in has ended: sign in to run statements'
        : '$(account) Sign in to Portcullis to run statements',
    command: 'portcullis.signIn',
  });
}
