/** Reads the file of `--sinks`: where events are handed on, and which. Anything not understood is refused, with its place. */
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { isScalar, isSeq, type Node } from 'yaml';
import { describeProblem } from '../../policy/policyProblems.ts';
import { type Fields, YamlReader } from '../../policy/yamlReader.ts';
import type { SinkSettings, SinkTarget } from './sink.ts';
import { isHeaderName, isPem, readSecretBytes, readSinkUrl } from './sinkFields.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const common = ['name', 'kind', 'decisions', 'environments', 'start', 'batch', 'tries', 'timeout'] as const;
const ownFields: Readonly<Record<string, { known: readonly string[]; needed: readonly string[] }>> = {
  webhook: { known: ['url', 'secret', 'headers', 'ca'], needed: ['url', 'secret'] },
  otlp: { known: ['url', 'headers', 'ca'], needed: ['url'] },
  syslog: { known: ['host', 'port', 'tls', 'ca'], needed: ['host'] },
  jsonLines: { known: ['path'], needed: ['path'] },
};
const kinds = Object.keys(ownFields);
const decisions = ['allow', 'deny', 'approve'];
const environmentNames = ['production', 'staging', 'development'];
const nameForm = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** @throws Error that names the file and every place where something is wrong, and repeats no secret */
export function readSinksFile(path: string, env: Environment): readonly SinkSettings[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--sinks ${path} cannot be read: ${(error as Error).message}`);
  }
  const reader = new SinksReader(path, text, env);
  const sinks = reader.contents === undefined ? [] : reader.readSinks();
  if (reader.problems.length === 0) return sinks;
  throw new Error(`--sinks ${path} cannot be used\n${reader.problems.map(describeProblem).join('\n')}`);
}

class SinksReader extends YamlReader {
  readonly #env: Environment;

  constructor(file: string, text: string, env: Environment) {
    super(file, text);
    this.#env = env;
  }

  readSinks(): SinkSettings[] {
    const list = this.fields(this.contents, 'the file', ['sinks'], ['sinks']).get('sinks');
    if (list === undefined) return [];
    if (!isSeq(list)) {
      this.refuse(list, '"sinks" is a list', 'Write each sink as "- name: …".');
      return [];
    }
    const names = new Set<string>();
    return list.items.flatMap((item) => {
      const node = this.resolve(item as Node);
      const sink = this.#sink(node);
      if (sink === undefined) return [];
      if (names.has(sink.name)) this.refuse(node, `an earlier sink is named "${sink.name}" too`);
      names.add(sink.name);
      return [sink];
    });
  }

  #sink(node: Node): SinkSettings | undefined {
    const given = this.entries(node, 'a sink').find(([key]) => key === 'kind')?.[1];
    if (given === undefined) {
      return this.refuse(node, 'a sink needs "kind"', `Its kind is one of ${kinds.join(', ')}.`);
    }
    const kind = this.#oneOf(given, 'kind', kinds);
    const own = ownFields[kind ?? ''];
    if (kind === undefined || own === undefined) return undefined;
    const fields = this.fields(
      node,
      `a sink of kind ${kind}`,
      [...common, ...own.known],
      ['name', ...own.needed],
    );
    const name = this.string(fields.get('name'), 'name');
    if (name !== undefined && !nameForm.test(name)) {
      this.refuse(fields.get('name'), '"name" is up to 63 small letters, digits, - and _');
    }
    const wantedDecisions = this.#listOf(fields, 'decisions', decisions);
    const wantedEnvironments = this.#listOf(fields, 'environments', environmentNames);
    const start = this.#oneOf(fields.get('start'), 'start', ['now', 'beginning']);
    const numbers = {
      batchEvents: this.#number(fields, 'batch', 1, 1_000) ?? 100,
      tries: this.#number(fields, 'tries', 1, 1_000) ?? 20,
      timeoutMs: (this.#number(fields, 'timeout', 1, 60) ?? 15) * 1000,
    };
    const target = this.#target(kind, fields);
    if (name === undefined || target === undefined) return undefined;
    return {
      name,
      ...(wantedDecisions !== undefined && { decisions: wantedDecisions }),
      ...(wantedEnvironments !== undefined && { environments: wantedEnvironments }),
      start: start === 'beginning' ? 'beginning' : 'now',
      ...numbers,
      target,
    };
  }

  #target(kind: string, fields: Fields): SinkTarget | undefined {
    const ca = this.#ca(fields.get('ca'));
    const authority = ca === undefined ? {} : { ca };
    if (kind === 'jsonLines') {
      const path = this.string(fields.get('path'), 'path');
      if (path === undefined) return undefined;
      if (isAbsolute(path)) return { kind, path };
      return this.refuse(fields.get('path'), '"path" begins at the root: /var/log/portcullis/events.jsonl');
    }
    if (kind === 'syslog') {
      const host = this.string(fields.get('host'), 'host');
      const tls = this.#boolean(fields.get('tls'), 'tls') ?? true;
      const port = this.#number(fields, 'port', 1, 65_535) ?? (tls ? 6514 : 601);
      if (host === undefined) return undefined;
      if (/^[A-Za-z0-9._:-]{1,253}$/.test(host)) return { kind, host, port, tls, ...authority };
      return this.refuse(fields.get('host'), '"host" is the name or the address of a host, without a port');
    }
    const headers = this.#headers(fields.get('headers'));
    const secrets = kind === 'webhook' ? this.#secrets(fields.get('secret')) : [];
    const url = this.#url(fields.get('url'), kind);
    if (url === undefined) return undefined;
    if (kind === 'otlp') return { kind, url, headers, ...authority };
    return { kind: 'webhook', url, secrets, headers, ...authority };
  }

  #url(node: Node | undefined, kind: string): string | undefined {
    const text = this.string(node, 'url');
    if (text === undefined) return undefined;
    const read = readSinkUrl(text, kind === 'otlp' ? '/v1/logs' : undefined);
    return 'problem' in read ? this.refuse(node, read.problem) : read.url;
  }

  #secrets(node: Node | undefined): Buffer[] {
    if (node === undefined) return [];
    const nodes = isSeq(node) ? node.items.map((item) => this.resolve(item as Node)) : [node];
    if (nodes.length === 0 || nodes.length > 2) {
      this.refuse(node, '"secret" is one, or the new and the old one while receivers change over');
    }
    return nodes.flatMap((one) => {
      const text = this.#secretText(one, 'secret');
      if (text === undefined) return [];
      const bytes = readSecretBytes(text);
      if (bytes !== undefined) return [bytes];
      this.refuse(
        one,
        'the secret that is named here is not "whsec_" and the base64 of 24 to 64 random bytes',
        'Make one with: echo "whsec_$(openssl rand -base64 32)"',
      );
      return [];
    });
  }

  #headers(node: Node | undefined): Record<string, string> {
    const headers: Record<string, string> = {};
    if (node === undefined) return headers;
    for (const [name, value, key] of this.entries(node, 'headers')) {
      if (!isHeaderName(name)) {
        this.refuse(key, `"${name}" is no header that may be set here`);
        continue;
      }
      const text = this.#secretText(value, name);
      if (text === undefined) continue;
      if (/^[\x20-\x7e]+$/.test(text)) headers[name.toLowerCase()] = text;
      else this.refuse(value, 'what is named here has characters that no header may have');
    }
    return headers;
  }

  /** Secrets never stand in the file itself: it is looked at, copied and kept in version control. */
  #secretText(node: Node, key: string): string | undefined {
    const hint = `Write ${key}: {env: NAME} or ${key}: {file: PATH}.`;
    if (isScalar(node)) {
      return this.refuse(node, `"${key}" is named here, not written here`, hint);
    }
    const fields = this.fields(node, `"${key}"`, ['env', 'file'], []);
    const name = this.string(fields.get('env'), 'env');
    const path = this.string(fields.get('file'), 'file');
    if ((name === undefined) === (path === undefined)) {
      return this.refuse(node, `"${key}" names either an environment variable or a file`, hint);
    }
    if (name !== undefined) {
      const value = this.#env[name];
      return value === undefined || value === ''
        ? this.refuse(node, `the environment variable ${name} is not set`)
        : value;
    }
    const value = this.#file(node, path ?? '')?.trim();
    return value === '' ? this.refuse(node, `the file ${path} is empty`) : value;
  }

  #ca(node: Node | undefined): string | undefined {
    const path = this.string(node, 'ca');
    if (path === undefined) return undefined;
    const text = this.#file(node, path);
    if (text === undefined || isPem(text)) return text;
    return this.refuse(node, `the file ${path} holds no certificate (PEM)`);
  }

  #file(node: Node | undefined, path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return this.refuse(
        node,
        `the file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}`,
      );
    }
  }

  #oneOf(node: Node | undefined, key: string, known: readonly string[]): string | undefined {
    const text = this.string(node, key);
    if (text === undefined || known.includes(text)) return text;
    return this.refuse(node, `"${key}" is one of ${known.join(', ')}, not "${text}"`);
  }

  #listOf(fields: Fields, key: string, known: readonly string[]): string[] | undefined {
    const node = fields.get(key);
    if (node === undefined) return undefined;
    const texts = this.strings(node, key);
    const unknown = texts.find((text) => !known.includes(text));
    if (unknown !== undefined) {
      return this.refuse(node, `"${key}" holds ${known.join(', ')}, not "${unknown}"`);
    }
    if (isSeq(node) && node.items.length === 0) return this.refuse(node, `"${key}" lets nothing through`);
    return texts;
  }

  #number(fields: Fields, key: string, least: number, most: number): number | undefined {
    const node = fields.get(key);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.refuse(node, `"${key}" is a number from ${least} to ${most}`);
  }

  #boolean(node: Node | undefined, key: string): boolean | undefined {
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    return typeof value === 'boolean' ? value : this.refuse(node, `"${key}" is true or false`);
  }
}
