/** Asking, from the results, to see a masked column in clear: the form, the waiting, the answer. */
import type { Disposable } from 'vscode';
import type { ApprovalRequest } from '../../../proxy/control/messages.ts';
import type { SightState, SightView } from '../../kit/gridMessages.ts';
import { describeProblem, type ProxyLink } from '../../kit/proxyLink.ts';
import { showLine } from '../../kit/visibleText.ts';
import type { ResultRun } from './resultRun.ts';

interface OpenSight {
  readonly run: ResultRun;
  readonly column: number;
  /** `schema.table.column` */
  readonly source: string;
  state: SightState;
  /** Once it is asked for. */
  request?: string;
}

export class SightAsk implements Disposable {
  readonly #link: ProxyLink;
  readonly #show: (sight: SightView | undefined) => void;
  readonly #subscription: Disposable;
  #open: OpenSight | undefined;

  /** @param show is given every state, and undefined when there is nothing to show any more */
  constructor(link: ProxyLink, show: (sight: SightView | undefined) => void) {
    this.#link = link;
    this.#show = show;
    this.#subscription = link.onNotification('requestsChanged', () => void this.#follow());
  }

  get view(): SightView | undefined {
    const open = this.#open;
    return open && { result: open.run.result, column: open.column, state: open.state };
  }

  /** Reads what asking would come to. */
  async open(run: ResultRun, column: number): Promise<void> {
    const source = run.snapshot().columns[column]?.source;
    if (source === undefined) return this.close();
    const open: OpenSight = { run, column, source, state: { kind: 'reading' } };
    this.#open = open;
    this.#tell(open, open.state);
    try {
      const asked = { connection: run.target.connection, columns: [source], text: run.sql };
      const { columns, approvers, minutes, text } = await this.#link.request('readSightTerms', asked);
      if (columns.every(({ mayAsk }) => mayAsk)) {
        const by = approvers.map((name) => showLine(name)).join(' and ');
        this.#tell(open, { kind: 'form', minutes, approvers: by, text, isSending: false });
      } else {
        const kind = columns[0]?.classification ?? 'protected';
        const message = `No policy lets you ask to see ${showLine(source)}, which is ${showLine(kind)}. Those who keep the policy can say more.`;
        this.#tell(open, { kind: 'refused', message });
      }
    } catch (error) {
      this.#tell(open, { kind: 'refused', message: describeProblem(error) });
    }
  }

  async ask(minutes: number, reason: string): Promise<void> {
    const open = this.#open;
    if (open?.state.kind !== 'form' || open.state.isSending) return;
    const form = open.state;
    this.#tell(open, { ...form, isSending: true });
    const { connection } = open.run.target;
    try {
      const asked = { connection, columns: [open.source], text: open.run.sql, minutes, reason };
      const request = await this.#link.request('askToSee', asked);
      open.request = request.id;
      this.#tell(open, stateOf(request));
    } catch (error) {
      this.#tell(open, { ...form, isSending: false, problem: describeProblem(error) });
    }
  }

  async withdraw(): Promise<void> {
    const open = this.#open;
    if (open?.request === undefined || open.state.kind !== 'waiting') return;
    this.#tell(open, { ...open.state, isSending: true });
    try {
      this.#tell(open, stateOf(await this.#link.request('withdrawRequest', { id: open.request })));
    } catch (error) {
      this.#tell(open, { kind: 'waiting', message: describeProblem(error), isSending: false });
    }
  }

  /** What is asked for stays asked for: the requests view has it. */
  close(): void {
    this.#open = undefined;
    this.#show(undefined);
  }

  async #follow(): Promise<void> {
    const open = this.#open;
    if (open?.request === undefined) return;
    try {
      const { requests } = await this.#link.request('listRequests', {});
      const request = requests.find(({ id }) => id === open.request);
      if (request !== undefined) this.#tell(open, stateOf(request));
    } catch {
      // The next change, or the requests view, tells.
    }
  }

  #tell(open: OpenSight, state: SightState): void {
    if (this.#open !== open) return;
    open.state = state;
    this.#show(this.view);
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

function stateOf(request: ApprovalRequest): SightState {
  const last = request.reviews.at(-1);
  const by = last === undefined ? 'A reviewer' : showLine(last.by);
  const comment = last === undefined || last.comment === '' ? '' : ` “${showLine(last.comment)}”`;
  switch (request.state) {
    case 'open':
      return {
        kind: 'waiting',
        message:
          last?.decision === 'changes'
            ? `${by} asks for changes:${comment}`
            : `It is with ${request.approvers.map((name) => showLine(name)).join(' and ')}. You can go on working: the answer comes here and in the Approvals view.`,
        isSending: false,
      };
    case 'approved':
    case 'used':
      return {
        kind: 'approved',
        message: `${by} approved it.${comment} You see it in clear until ${timeOf(request.expiresAt)}, on this connection. Each statement that shows it is recorded with the request.`,
      };
    case 'denied':
      return { kind: 'ended', message: `${by} denied it.${comment}` };
    case 'withdrawn':
      return { kind: 'ended', message: 'The request was withdrawn.' };
    case 'expired':
      return { kind: 'ended', message: 'The time is over: the column is masked. Ask again if you need it.' };
  }
}

/** `15:06` in the reader's time zone. */
function timeOf(at: string): string {
  const moment = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
