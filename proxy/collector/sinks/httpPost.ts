/** One POST to a receiver: a time limit over all of it, answers read to a limit, redirects and proxies never followed. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** As far as it was read. */
  readonly text: string;
}

export interface HttpPoster {
  /** @throws Error in words where there was no whole answer in time */
  post(
    headers: Readonly<Record<string, string>>,
    body: Buffer | string,
    signal: AbortSignal,
  ): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpPosterOptions {
  readonly url: string;
  readonly ca?: string;
  readonly timeoutMs: number;
}

/** An answer is looked at for words about what was not taken: nobody needs more of it. */
const maxAnswerBytes = 64 * 1024;

/** Not `fetch`: it knows no authorities of one's own without a package, and follows where it is sent unless told. */
export function makeHttpPoster({ url, ca, timeoutMs }: HttpPosterOptions): HttpPoster {
  const isTls = new URL(url).protocol === 'https:';
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = isTls
    ? new HttpsAgent({ ...options, ...(ca !== undefined && { ca }) })
    : new HttpAgent(options);
  const post: HttpPoster['post'] = (headers, body, signal) =>
    new Promise((resolve, reject) => {
      const length = String(Buffer.byteLength(body));
      const request = (isTls ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent,
        headers: { 'user-agent': 'portcullis', ...headers, 'content-length': length },
      });
      const end = (reason: string) => request.destroy(new Error(reason));
      const timer = setTimeout(() => end('it did not answer in time'), timeoutMs);
      const stop = () => end('the collector is stopping');
      signal.addEventListener('abort', stop);
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      };
      if (signal.aborted) stop();
      request.on('error', (error) => {
        settle();
        reject(error);
      });
      request.on('response', (response) =>
        readAnswer(response).then(
          (text) => {
            settle();
            resolve({
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'],
              text,
            });
          },
          (error: Error) => {
            settle();
            reject(error);
          },
        ),
      );
      request.end(body);
    });
  return { post, close: () => agent.destroy() };
}

/** @throws Error where the connection breaks before the answer's end: what it began with may not be what it meant. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    // The status has been said; the rest is not worth waiting for. Leaving the loop ends the connection.
    if (size > maxAnswerBytes) break;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
