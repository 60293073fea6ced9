/** Errors and warnings in `.cedar` files, and masking.yaml beside them, while they are written, by the check that the proxy makes before it uses them. */
import {
  Diagnostic,
  type DiagnosticCollection,
  DiagnosticSeverity,
  type Disposable,
  FileType,
  languages,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { filesToCheck, marksByFile, type PolicyMark } from './policyProblems.ts';

const pauseMs = 300;
/** UTF-16 code units of all files together. */
const longestText = 1_000_000;
const mostFiles = 200;
const maskingName = /^masking\.ya?ml$/i;

/** Waits for the first policy file: until then nothing is loaded, asked or started. */
export function registerPolicyDiagnostics(proxy: ProxyControl): Disposable {
  let diagnostics: PolicyDiagnostics | undefined;
  const look = (document: TextDocument) => {
    if (!isPolicy(document)) return;
    diagnostics ??= new PolicyDiagnostics(proxy);
    diagnostics.plan(document);
  };
  const opening = workspace.onDidOpenTextDocument(look);
  for (const document of workspace.textDocuments) look(document);
  return {
    dispose: () => {
      opening.dispose();
      diagnostics?.dispose();
    },
  };
}

class PolicyDiagnostics implements Disposable {
  readonly #proxy: ProxyControl;
  readonly #collection: DiagnosticCollection = languages.createDiagnosticCollection('portcullis policy');
  readonly #subscriptions: readonly Disposable[];
  /** By folder. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #asked = new Map<string, number>();
  #isProxyThere: boolean;

  constructor(proxy: ProxyControl) {
    this.#proxy = proxy;
    this.#isProxyThere = proxy.status !== undefined;
    this.#subscriptions = [
      this.#collection,
      workspace.onDidChangeTextDocument(({ document }) => this.plan(document)),
      workspace.onDidSaveTextDocument((document) => this.plan(document)),
      workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      proxy.onStatus((status) => this.#follow(status !== undefined)),
    ];
    // Nobody need be signed in for it.
    void proxy.ensure().catch(() => undefined);
  }

  /** Checks the document's folder a moment after its last change. */
  plan(document: TextDocument): void {
    if (!isPolicy(document)) return;
    const folder = folderOf(document.uri);
    const key = folder.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => void this.#check(document, folder), pauseMs),
    );
  }

  async #check(document: TextDocument, folder: Uri): Promise<void> {
    const key = folder.toString();
    const turn = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, turn);
    const open = openPolicies(document, folder);
    const saved = document.isUntitled ? new Map<string, string>() : await readPolicies(folder);
    const files = filesToCheck(saved, new Map([...open].map(([name, { text }]) => [name, text])));
    // Other tools may have a masking.yaml too: ours lies beside policies.
    if (!files.some(({ name }) => !maskingName.test(name))) return;
    const isTooMuch = files.reduce((sum, { text }) => sum + text.length, 0) > longestText;
    const answer = isTooMuch
      ? undefined
      : await this.#proxy.request('checkPolicy', { files }).catch(() => undefined);
    // The next check is under way already, or planned.
    const isOld = [...open.values()].some((one) => one.document.version !== one.version);
    if (this.#asked.get(key) !== turn || isOld) return;
    const marks = marksByFile(answer?.problems ?? []);
    for (const { name } of files) {
      const uri = document.isUntitled ? document.uri : Uri.joinPath(folder, name);
      this.#collection.set(uri, (marks.get(name) ?? []).map(diagnosticOf));
    }
  }

  #follow(isThere: boolean): void {
    if (isThere === this.#isProxyThere) return;
    this.#isProxyThere = isThere;
    if (isThere) for (const document of workspace.textDocuments) this.plan(document);
  }

  /** What is saved counts again; a folder nobody looks at is not spoken of. */
  #forget(document: TextDocument): void {
    if (!isPolicy(document)) return;
    const folder = folderOf(document.uri);
    const other = workspace.textDocuments.find(
      (candidate) => isPolicy(candidate) && folderOf(candidate.uri).toString() === folder.toString(),
    );
    if (other !== undefined) {
      this.plan(other);
      return;
    }
    clearTimeout(this.#timers.get(folder.toString()));
    this.#asked.delete(folder.toString());
    this.#collection.forEach((uri) => {
      if (folderOf(uri).toString() === folder.toString()) this.#collection.delete(uri);
    });
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

interface OpenPolicy {
  readonly document: TextDocument;
  readonly version: number;
  readonly text: string;
}

/** Open documents of the folder, by file name, as they are now. */
function openPolicies(document: TextDocument, folder: Uri): Map<string, OpenPolicy> {
  const here = document.isUntitled
    ? [document]
    : workspace.textDocuments.filter(
        (candidate) => isPolicy(candidate) && folderOf(candidate.uri).toString() === folder.toString(),
      );
  return new Map(
    here.map((one) => [nameOf(one.uri), { document: one, version: one.version, text: one.getText() }]),
  );
}

async function readPolicies(folder: Uri): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  try {
    const entries = await workspace.fs.readDirectory(folder);
    const names = entries.filter(
      ([name, type]) =>
        (type & FileType.File) !== 0 && (/^[^.].*\.cedar$/i.test(name) || maskingName.test(name)),
    );
    for (const [name] of names.slice(0, mostFiles)) {
      texts.set(name, new TextDecoder().decode(await workspace.fs.readFile(Uri.joinPath(folder, name))));
    }
  } catch {
    // A folder that cannot be read: what is open is checked all the same.
  }
  return texts;
}

function diagnosticOf({ severity, line, column, endColumn, message }: PolicyMark): Diagnostic {
  const level = severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
  const diagnostic = new Diagnostic(new Range(line, column, line, endColumn), message, level);
  diagnostic.source = 'Portcullis';
  return diagnostic;
}

/** Not those that another extension shows, such as the old side of a comparison. */
function isPolicy({ languageId, uri }: TextDocument): boolean {
  const isOurs = languageId === 'cedar' || (languageId === 'yaml' && maskingName.test(nameOf(uri)));
  return isOurs && ['file', 'untitled', 'vscode-remote', 'vscode-vfs'].includes(uri.scheme);
}

function folderOf(uri: Uri): Uri {
  return uri.scheme === 'untitled' ? uri : Uri.joinPath(uri, '..');
}

function nameOf(uri: Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}
