/** Reads a join link, `vscode://…/join?collector=ADDRESS`: nothing in it but the address is looked at. */
import { type CollectorAddress, readCollectorAddress } from '../kit/collectorAddress.ts';

const longestQuery = 2_100;

/** @param link path and query, as the editor gives them: percent-decoded once. */
export function readJoinLink(link: { readonly path: string; readonly query: string }): CollectorAddress {
  if (link.path.replace(/\/$/, '') !== '/join')
    return refuse(
      'Portcullis does not know this kind of link; it opens links of the form /join?collector=….',
    );
  if (link.query.length > longestQuery) return refuse('This join link is too long to be one.');
  const parts = link.query.split('&').filter((part) => part.startsWith('collector='));
  const [part] = parts;
  if (part === undefined) return refuse('This join link names no collector.');
  // Two would let one be shown and the other be taken, by whoever reads it next.
  if (parts.length > 1) return refuse('This join link names more than one collector.');
  const text = decode(part.slice('collector='.length));
  return text === undefined
    ? refuse('This join link is damaged: its percent signs stand for no text.')
    : readCollectorAddress(text);
}

/** The editor decodes once; links that were encoded for the way through a chat or an e-mail hold one more layer. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function refuse(why: string): CollectorAddress {
  return { kind: 'refused', why };
}
