/** Files by which every libpq client on the machine finds the port: passwords and services, readable by their owner. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAccess } from './messages.ts';

export interface ClientFilesOptions {
  readonly folder: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly connections: readonly string[];
}

/** Writes the password file (manual 34.16) and the service file (34.17): `psql service=demo`, or just `psql`. */
export function writeClientFiles({
  folder,
  port,
  user,
  password,
  connections,
}: ClientFilesOptions): LocalAccess {
  const host = '127.0.0.1';
  const passwordFile = join(folder, 'pgpass');
  const serviceFile = join(folder, 'pg_service.conf');
  writePrivate(passwordFile, `${host}:${port}:*:${escapeField(user)}:${escapeField(password)}\n`);
  const sections = connections
    .filter((name) => !/[\]\r\n]/.test(name))
    .map((name) => `[${name}]\nhost=${host}\nport=${port}\ndbname=${name}\nuser=${user}\n`);
  writePrivate(serviceFile, sections.join('\n'));
  return { host, port, user, password, passwordFile, serviceFile };
}

/** A colon or backslash in a field is written with a backslash before it. */
function escapeField(text: string): string {
  return text.replace(/[\\:]/g, '\\$&');
}

function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600); // where the file was there before
}
