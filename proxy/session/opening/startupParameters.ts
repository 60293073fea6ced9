/** What a client asks for at the start of a session, taken apart so that each setting can be judged like a SET. */
import { PortcullisError } from '../../kit/errors.ts';
import { bareEncodingName } from '../../sql/settings.ts';

export interface StartupRequest {
  readonly user: string;
  /** The connection's name; the user's name where none is given, as PostgreSQL has it. */
  readonly database: string;
  /** Settings by lower-case name, in the order given; a later one wins. */
  readonly settings: ReadonlyMap<string, string>;
  /** `portcullis.notices=on`: the client wants to be told which columns are masked. The server never sees it. */
  readonly wantsNotices: boolean;
  /** Protocol options that we do not know (`_pq_.…`). */
  readonly unknownOptions: readonly string[];
}

/** Throws PortcullisError REPLICATION_REFUSED, STARTUP_PARAMETER_REFUSED, PROTOCOL_VIOLATION. */
export function readStartupParameters(parameters: ReadonlyMap<string, string>): StartupRequest {
  const settings = new Map<string, string>();
  const unknownOptions: string[] = [];
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database') continue;
    if (name === 'replication') refuseReplication(value);
    else if (name === 'options') for (const [key, set] of parseOptions(value)) settings.set(key, set);
    else if (name.startsWith('_pq_.')) unknownOptions.push(name);
    else settings.set(name.toLowerCase(), value);
  }
  const user = parameters.get('user') ?? '';
  if (user === '') {
    throw new PortcullisError('PROTOCOL_VIOLATION', {
      message: 'no PostgreSQL user name specified in startup packet',
    });
  }
  dropUndeclaredEncoding(settings);
  const wantsNotices = takeOwnSettings(settings);
  return { user, database: parameters.get('database') || user, settings, wantsNotices, unknownOptions };
}

/**
 * SQL_ASCII says that the client does not know its encoding, and takes bytes as they come (manual 24.3.4): psql says so in a
 * terminal without a locale, as in many containers. The session stays in UTF8, and tells the client so.
 */
function dropUndeclaredEncoding(settings: Map<string, string>): void {
  const encoding = settings.get('client_encoding');
  if (encoding !== undefined && bareEncodingName(encoding).toLowerCase() === 'sqlascii')
    settings.delete('client_encoding');
}

/** Takes the settings that are meant for us out of those for the server; answers whether notices are wanted. */
function takeOwnSettings(settings: Map<string, string>): boolean {
  let wantsNotices = false;
  for (const [name, value] of settings) {
    if (!name.startsWith('portcullis.')) continue;
    if (name !== 'portcullis.notices' || !/^(on|off)$/.test(value)) {
      throw new PortcullisError(
        'STARTUP_PARAMETER_REFUSED',
        { message: `Portcullis has no setting "${name}" with the value "${value}"` },
        { hint: 'There is portcullis.notices, which is on or off.' },
      );
    }
    wantsNotices = value === 'on';
    settings.delete(name);
  }
  return wantsNotices;
}

function refuseReplication(value: string): void {
  if (!/^(false|off|no|0|f|n)$/i.test(value)) throw new PortcullisError('REPLICATION_REFUSED');
}

/** Splits as the server does (process_postgres_switches): words by spaces, `-c name=value` and `--name=value`. */
export function parseOptions(text: string): [string, string][] {
  const words = splitWords(text);
  const settings: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    let assignment: string | undefined;
    if (word === '-c') assignment = words[++i];
    else if (word.startsWith('-c')) assignment = word.slice(2);
    else if (word.startsWith('--')) assignment = word.slice(2);
    const equals = assignment?.indexOf('=') ?? -1;
    if (assignment === undefined || equals < 1) {
      throw new PortcullisError(
        'STARTUP_PARAMETER_REFUSED',
        {
          message: `the option "${word}" is not allowed at the start of a session`,
        },
        { hint: 'Only settings are: options=-c name=value.' },
      );
    }
    settings.push([
      assignment.slice(0, equals).toLowerCase().replaceAll('-', '_'),
      assignment.slice(equals + 1),
    ]);
  }
  return settings;
}

/** White space separates, a backslash keeps the next character (pg_split_opts). */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let isInWord = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    if (/\s/.test(character)) {
      if (isInWord) words.push(word);
      word = '';
      isInWord = false;
    } else {
      isInWord = true;
      word += character === '\\' ? (text[++i] ?? '') : character;
    }
  }
  if (isInWord) words.push(word);
  return words;
}
