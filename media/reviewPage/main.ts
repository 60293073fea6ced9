/** The review page: shows the request that the host sends, and sends back what its reader decides. */
import { render } from 'lit';
import type { RequestSnapshot, ReviewPageMessage } from '../../extension/kit/reviewMessages.ts';
import { openHostChannel } from '../kit/vscodeApi.ts';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-textarea/index.js';
import type { Decision } from './decisionForm.ts';
import { pageTemplate } from './pageTemplate.ts';
import './style.css';

const channel = openHostChannel<ReviewPageMessage, RequestSnapshot>();
const root = document.getElementById('root') ?? document.body;

let snapshot: RequestSnapshot = { kind: 'request', busy: false };
/** The editor tears a hidden page down: what was typed comes back with it. */
let comment = keptComment();
/** What the form misses: a denial without a comment. */
let missing = '';

channel.listen((message) => {
  const isAccepted = snapshot.busy && !message.busy && message.problem === undefined;
  snapshot = message;
  if (isAccepted) writeComment('');
  draw();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  const approve = document.getElementById('approve');
  // The first press shows what would happen, by focus; the second one, on the button, does it.
  if (approve === null || document.activeElement === approve) return;
  event.preventDefault();
  approve.focus();
});
draw();
channel.post({ kind: 'ready' });

function draw(): void {
  render(
    pageTemplate(snapshot, {
      comment,
      missing,
      onComment: (text) => {
        writeComment(text);
        if (missing !== '' && text.trim() !== '') {
          missing = '';
          draw();
        }
      },
      onDecide: decide,
      onWithdraw: () => channel.post({ kind: 'withdraw' }),
    }),
    root,
  );
}

function decide(decision: Decision): void {
  const { request } = snapshot;
  const isAllowed =
    request !== undefined && (request.refusal === undefined || (request.mayRevoke && decision === 'deny'));
  if (snapshot.busy || !isAllowed) return;
  if (decision !== 'approve' && comment.trim() === '') {
    missing = 'Say why, so that the requester knows what to do.';
    draw();
    document.getElementById('comment')?.focus();
    return;
  }
  channel.post({ kind: 'review', decision, comment: comment.trim() });
}

function writeComment(text: string): void {
  comment = text;
  channel.state.set({ comment });
}

function keptComment(): string {
  const kept = channel.state.get();
  const isKept = typeof kept === 'object' && kept !== null && 'comment' in kept;
  return isKept && typeof kept.comment === 'string' ? kept.comment : '';
}
