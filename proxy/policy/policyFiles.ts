/** Reads policy texts: the default pack that comes with Portcullis, or a directory of the user's own. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMaskingFile, maskingFileName } from './masking/maskingFile.ts';
import { PolicyLoadError, type PolicyProblem } from './policyProblems.ts';

export interface PolicyFile {
  /** Relative to its directory, with slashes. */
  readonly name: string;
  readonly text: string;
}

export interface PolicyTexts {
  /** Where they come from, for messages: the directory, or the collector. */
  readonly origin: string;
  /** Sorted by name. */
  readonly files: readonly PolicyFile[];
  /** The Cedar schema, always the one that comes with Portcullis. */
  readonly schema: string;
}

/**
 * Reads all `.cedar` files of a directory and the folders in it, except hidden ones, and `masking.yaml` in the directory
 * itself. Where there is that alone, it is added to the default pack.
 * @param directory the user's own policy, instead of the default pack.
 * @throws PolicyLoadError where it cannot be read, or holds no policy.
 */
export async function readPolicyTexts(directory?: string): Promise<PolicyTexts> {
  const origin = directory ?? packFolders().pack;
  const schema = await readSchema();
  const names = await listPolicyFiles(origin);
  if (names.length === 1 && names[0] === maskingFileName) {
    const own = await readFiles(origin, names);
    return { origin, files: [...(await readPolicyTexts()).files, ...own], schema };
  }
  if (names.length === 0) {
    throw new PolicyLoadError(origin, [
      {
        message: 'there is no file ending with .cedar in it',
        hint: 'Put policies into files that end with .cedar, or name no directory to have the default policy.',
      },
    ]);
  }
  return { origin, files: await readFiles(origin, names), schema };
}

async function readFiles(origin: string, names: readonly string[]): Promise<PolicyFile[]> {
  const problems: PolicyProblem[] = [];
  const files: PolicyFile[] = [];
  for (const name of names) {
    try {
      const bytes = await readFile(join(origin, name));
      files.push({
        name: name.split(sep).join('/'),
        text: new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      });
    } catch (error) {
      problems.push({ file: name, message: reasonOf(error), hint: 'Make it a readable file of UTF-8 text.' });
    }
  }
  if (problems.length > 0) {
    throw new PolicyLoadError(origin, problems);
  }
  return files;
}

/**
 * The same for files that are at hand, such as the collector's.
 * @param origin where they come from, for messages.
 */
export async function policyTextsOf(origin: string, files: readonly PolicyFile[]): Promise<PolicyTexts> {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { origin, files: sorted, schema: await readSchema() };
}

/** The Cedar schema that comes with Portcullis. */
export function readSchema(): Promise<string> {
  return readFile(packFolders().schema, 'utf8');
}

async function listPolicyFiles(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
      .filter((name) => isPolicyFile(name) && !name.split(sep).some((part) => part.startsWith('.')))
      .sort();
  } catch (error) {
    const hint = 'Name a directory that exists and may be read, or none to have the default policy.';
    throw new PolicyLoadError(directory, [{ message: reasonOf(error), hint }]);
  }
}

/** `masking.yml` and other spellings are taken in, and refused where they are read: they must not go unnoticed. */
function isPolicyFile(name: string): boolean {
  return name.toLowerCase().endsWith('.cedar') || isMaskingFile(name);
}

/**
 * Where the default pack lies: beside the bundle (`dist/policy/schema.cedarschema` and `dist/policy/*.cedar`), else in
 * the source tree. In a CJS bundle `import.meta.url` is empty, and in ESM `__dirname` is missing.
 */
function packFolders(): { schema: string; pack: string } {
  const bundled = typeof __dirname === 'string' ? join(__dirname, 'policy') : undefined;
  if (bundled !== undefined && existsSync(join(bundled, 'schema.cedarschema'))) {
    return { schema: join(bundled, 'schema.cedarschema'), pack: bundled };
  }
  const here = typeof __filename === 'string' ? dirname(__filename) : dirname(fileURLToPath(import.meta.url));
  return { schema: join(here, 'schema.cedarschema'), pack: join(here, 'pack') };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    ENOTDIR: 'it is not a directory',
    EISDIR: 'it is a directory',
    EACCES: 'it may not be read',
    EPERM: 'it may not be read',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
  };
  return reasons[code] ?? `it cannot be read (${error instanceof Error ? error.message : String(error)})`;
}
