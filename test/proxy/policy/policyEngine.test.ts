import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../proxy/policy/policyEngine.ts';
import { PolicyLoadError } from '../../../proxy/policy/policyProblems.ts';
import type { StatementFacts } from '../../../proxy/sql/facts.ts';
import { agentOf, demoIn, effect, factsOf, personIn } from './effects.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-policy-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function directoryOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  made += 1;
  const directory = join(folder, String(made));
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

/** The lines after the first, which names the directory. */
async function problemsOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string[]> {
  const error = await loadPolicy({ directory: await directoryOf(files) }).catch(
    (failure: unknown) => failure,
  );
  if (!PolicyLoadError.is(error)) throw new Error(`no PolicyLoadError but ${String(error)}`);
  return error.message.split('\n').slice(1);
}

const developer = personIn('developers');
const production = demoIn('production');
const readOrders = effect('read', { relation: { name: 'orders' } });
const insertOrders = effect('insert', { relation: { name: 'orders' } });
const drop = effect('drop', { object: 'table', relation: { name: 'orders' } });
const permitAll = '@id("all")\npermit (principal, action, resource);\n';

describe('a statement', () => {
  it('is decided by its worst effect, with the policies and findings of that', async () => {
    const policy = await loadPolicy();
    const decide = (...effects: Parameters<typeof factsOf>[0]) =>
      policy.decide(developer, production, factsOf(effects));
    expect(decide(readOrders)).toEqual({
      outcome: 'allow',
      policyVersion: policy.version,
      policies: ['portcullis.read'],
      findings: [],
    });
    expect(decide(readOrders, insertOrders)).toMatchObject({
      outcome: 'approve',
      policies: ['portcullis.production-write'],
    });
    const worst = decide(readOrders, drop, insertOrders);
    expect(worst).toMatchObject({ outcome: 'deny', policies: ['portcullis.destructive-ddl'] });
    expect(worst.findings).toHaveLength(1);
  });

  it('without any effect is denied as not understood', async () => {
    const decision = (await loadPolicy()).decide(developer, demoIn('development'), factsOf([]));
    expect(decision).toMatchObject({ outcome: 'deny', policies: ['portcullis.not-understood'] });
  });

  it('that prepares another counts for what it prepares', async () => {
    const inner: StatementFacts = factsOf([drop]);
    const prepare = factsOf([effect('session')], { role: { kind: 'prepare', name: 'x', inner } });
    expect((await loadPolicy()).decide(developer, production, prepare).outcome).toBe('deny');
  });
});

describe('policies combine', () => {
  const approval = '@id("ask")\n@approval("reviewers")\nforbid (principal, action, resource);\n';

  it('a denial by forbids that all carry @approval means approve, by everyone they name', async () => {
    const owners = '@id("ask-owners")\n@approval("owners")\nforbid (principal, action, resource);\n';
    const policy = await loadPolicy({
      directory: await directoryOf({ 'a.cedar': permitAll + approval + owners }),
    });
    const decision = policy.decide(developer, production, factsOf([readOrders]));
    expect(decision).toMatchObject({ outcome: 'approve', policies: ['ask', 'ask-owners'] });
    expect(decision.findings[0]?.approvers).toBe('reviewers and owners');
  });

  it('a forbid without @approval wins over those with it', async () => {
    const lasting = '@id("no")\nforbid (principal, action, resource);\n';
    const policy = await loadPolicy({
      directory: await directoryOf({ 'a.cedar': permitAll + approval + lasting }),
    });
    const decision = policy.decide(developer, production, factsOf([readOrders]));
    expect(decision).toMatchObject({ outcome: 'deny', policies: ['no'] });
  });

  it('what nothing permits cannot be approved', async () => {
    const onlyWrites = permitAll.replace('action,', 'action == Action::"insert",');
    const policy = await loadPolicy({ directory: await directoryOf({ 'a.cedar': onlyWrites + approval }) });
    expect(policy.decide(developer, production, factsOf([insertOrders])).outcome).toBe('approve');
    const decision = policy.decide(developer, production, factsOf([readOrders]));
    expect(decision).toMatchObject({ outcome: 'deny', policies: ['default-deny'] });
  });

  it('a policy that cannot be evaluated denies, though Cedar would leave it out', async () => {
    const failing = `@id("overflow")
      forbid (principal, action, resource) when { context has lockMode && context.lockMode + 9223372036854775807 > 3 };`;
    const policy = await loadPolicy({ directory: await directoryOf({ 'a.cedar': permitAll + failing }) });
    const decide = (lockMode: number) =>
      policy.decide(developer, production, factsOf([effect('lock', { lockMode })]));
    expect(decide(1)).toMatchObject({ outcome: 'deny', policies: ['policy-failure'] });
    expect(decide(1).findings[0]?.detail).toContain('overflow');
    expect(decide(0).outcome).toBe('deny');
    expect(policy.decide(developer, production, factsOf([readOrders])).outcome).toBe('allow');
  });

  it('what does not fit the schema is denied, not thrown', async () => {
    const policy = await loadPolicy();
    const decide = (lockMode: number) =>
      policy.decide(developer, production, factsOf([effect('lock', { lockMode })]));
    expect(decide(1.5)).toMatchObject({ outcome: 'deny', policies: ['policy-failure'] });
    expect(decide(Number.NaN).outcome).toBe('deny');
    expect(decide(1).outcome).toBe('allow');
  });

  it('a policy may speak of one person, one connection and one table', async () => {
    const text = `@id("one") permit (principal, action == Action::"read", resource == Connection::"demo")
      when { principal.email == "developers@example.com" && context has relation && context.relation.name == "orders" };`;
    const policy = await loadPolicy({ directory: await directoryOf({ 'a.cedar': text }) });
    const outcome = (who = developer, connection = production, what = readOrders) =>
      policy.decide(who, connection, factsOf([what])).outcome;
    expect(outcome()).toBe('allow');
    expect(outcome({ ...developer, email: 'other@example.com' })).toBe('deny');
    expect(outcome(developer, { name: 'other', environment: 'production' })).toBe('deny');
    expect(outcome(developer, production, effect('read', { relation: { name: 'customers' } }))).toBe('deny');
    expect(outcome()).toBe('allow');
  });
});

describe('the cache', () => {
  it('keeps no more verdicts than its bound, and none with a huge key', async () => {
    const policy = await loadPolicy();
    // So many calls also make Cedar's hot: without what loadCedar does, Node 20 crashes here.
    for (let index = 0; index < 12_000; index += 1) {
      policy.decide(
        developer,
        production,
        factsOf([effect('session', { setting: `app.x${index}`, value: '1' })]),
      );
    }
    expect(policy.keptVerdicts).toBe(4096);
    const fresh = await loadPolicy();
    const huge = effect('session', { setting: 'application_name', value: 'x'.repeat(100_000) });
    expect(fresh.decide(developer, production, factsOf([huge])).outcome).toBe('allow');
    expect(fresh.keptVerdicts).toBe(0);
  }, 60_000);

  it('keeps one verdict for the same effect at other places, and another for an agent', async () => {
    const policy = await loadPolicy();
    policy.decide(developer, production, factsOf([{ ...drop, location: 1 }]));
    const decision = policy.decide(developer, production, factsOf([{ ...drop, location: 99 }]));
    expect(policy.keptVerdicts).toBe(1);
    expect(decision.findings[0]?.location).toBe(99);
    policy.decide(agentOf(developer), production, factsOf([drop]));
    policy.decide(personIn('interns'), production, factsOf([drop]));
    policy.decide(developer, demoIn('staging'), factsOf([drop]));
    expect(policy.keptVerdicts).toBe(4);
  });
});

describe('the version', () => {
  it('is the same for the same texts and changes with any of them', async () => {
    const load = async (text: string) => loadPolicy({ directory: await directoryOf({ 'a.cedar': text }) });
    const first = await load(permitAll);
    expect(first.version).toMatch(/^[0-9a-f]{32}$/);
    expect((await load(permitAll)).version).toBe(first.version);
    expect((await load(`${permitAll}// more\n`)).version).not.toBe(first.version);
    expect((await loadPolicy()).version).toBe((await loadPolicy()).version);
  });

  it('of one engine does not disturb another engine', async () => {
    const pack = await loadPolicy();
    const open = await loadPolicy({ directory: await directoryOf({ 'a.cedar': permitAll }) });
    expect(pack.decide(developer, production, factsOf([drop])).outcome).toBe('deny');
    expect(open.decide(developer, production, factsOf([drop])).outcome).toBe('allow');
  });
});

describe('a policy directory that cannot be used keeps Portcullis from starting', () => {
  it('where it does not exist, is a file, or holds no policy', async () => {
    await expect(loadPolicy({ directory: join(folder, 'missing') })).rejects.toThrow('it does not exist');
    const file = join(await directoryOf({ 'a.txt': 'x' }), 'a.txt');
    await expect(loadPolicy({ directory: file })).rejects.toThrow('it is not a directory');
    expect(await problemsOf({ 'policy.txt': permitAll })).toEqual([
      '  there is no file ending with .cedar in it',
      '    Put policies into files that end with .cedar, or name no directory to have the default policy.',
    ]);
    expect(await problemsOf({ 'a.cedar': '// nothing yet\n' })).toEqual([
      '  there is no policy in its files',
      '    Write at least one permit: without any, nothing is allowed.',
    ]);
  });

  it('where a file does not parse, with line and column in characters', async () => {
    const text = `// größe 🙂\n${permitAll}forbid (principal, action, resource) when { "größe 🙂" == 1 } wen { true };\n`;
    expect(await problemsOf({ 'a.cedar': permitAll, 'sub/b.cedar': text })).toEqual([
      '  sub/b.cedar:4:62: invalid policy condition: wen',
      '    Condition must be either `when` or `unless`.',
    ]);
  });

  it('where a policy does not fit the schema, with every mistake in it', async () => {
    const text = `@id("x")
forbid (principal, action == Action::"selct", resource);
@id("y")
forbid (principal, action, resource) when { context.lockMode > 3 };
@id("z")
forbid (principal, action, resource) when { context.predicate == 3 };
`;
    const problems = await problemsOf({ 'a.cedar': text });
    expect(problems.filter((line) => /^ {2}\S/.test(line)).map((line) => line.split(': ')[0])).toEqual([
      '  a.cedar:2:30',
      '  a.cedar:4:45',
      '  a.cedar:6:45',
    ]);
    expect(problems.join('\n')).toContain('selct');
    expect(problems.join('\n')).not.toContain('policy0');
  });

  it('where ids and annotations would be misread', async () => {
    const text = `permit (principal, action, resource);
@id("a") @approval("reviewers")
permit (principal, action == Action::"read", resource);
@id("b") @aproval("reviewers")
forbid (principal, action, resource);
@id("c") @approval("")
forbid (principal, action, resource);
@id("b")
forbid (principal, action == Action::"drop", resource);
@id("two words")
forbid (principal, action, resource);
`;
    const problems = await problemsOf({ 'a.cedar': text });
    expect(problems.filter((line) => /^ {2}\S/.test(line)).sort()).toEqual([
      '  a.cedar:10:1: its @id is not a plain name',
      '  a.cedar:1:1: the policy has no @id',
      '  a.cedar:2:1: @approval has no meaning on a permit',
      '  a.cedar:4:1: the annotation @aproval means nothing to Portcullis',
      '  a.cedar:6:1: @approval names nobody',
      '  a.cedar:8:1: the id "b" is taken already, in a.cedar',
    ]);
  });

  it('where a file holds a template or is not UTF-8', async () => {
    const template = '@id("t")\npermit (principal == ?principal, action, resource);\n';
    expect((await problemsOf({ 'a.cedar': permitAll + template }))[0]).toBe(
      '  a.cedar:3:1: policy templates cannot be used',
    );
    expect((await problemsOf({ 'a.cedar': new Uint8Array([0x2f, 0x2f, 0xff, 0x0a]) }))[0]).toBe(
      '  a.cedar: it is not UTF-8 text',
    );
  });

  it('but a policy that can never apply is a warning only', async () => {
    const odd = '@id("odd")\nforbid (principal, action, resource) when { false };\n';
    const policy = await loadPolicy({ directory: await directoryOf({ 'a.cedar': permitAll + odd }) });
    expect(policy.warnings).toMatchObject([{ file: 'a.cedar', line: 3 }]);
  });
});

describe('columns of one classification', () => {
  const see = '@id("see")\npermit (principal, action == Action::"unmask", resource)';
  it.each([
    ['all alike', `${see};\n`, false],
    ['by what they are', `${see} when { context.classification == "pii.email" };\n`, false],
    ['by their table', `${see} when { context has relation && context.relation.name == "shops" };\n`, true],
    ['by their name', `${see} unless { context has column && context.column == "email" };\n`, true],
    [
      'by a forbid',
      `${see};\n@id("no")\nforbid (principal, action, resource) when { context has column };\n`,
      true,
    ],
  ])('are shown %s', async (_, text, byPlace) => {
    const policy = await loadPolicy({ directory: await directoryOf({ 'a.cedar': permitAll + text }) });
    expect(policy.unmasksByPlace).toBe(byPlace);
  });

  it('are shown alike by the default pack', async () => {
    expect((await loadPolicy()).unmasksByPlace).toBe(false);
  });
});

describe('the default pack', () => {
  it('is found beside a CommonJS bundle, with Cedar inside the bundle and its WASM beside it', async () => {
    const out = await directoryOf({});
    await build({
      stdin: {
        contents: `import { loadPolicy } from './proxy/policy/policyEngine.ts';
          loadPolicy().then((policy) => console.log(policy.version));`,
        resolveDir: root,
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: join(out, 'bundle.cjs'),
      logLevel: 'silent',
    });
    await mkdir(join(out, 'policy'));
    await cp(join(root, 'proxy/policy/pack'), join(out, 'policy'), { recursive: true });
    await cp(join(root, 'proxy/policy/schema.cedarschema'), join(out, 'policy/schema.cedarschema'));
    const cedar = dirname(createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs'));
    await cp(join(cedar, 'cedar_wasm_bg.wasm'), join(out, 'cedar_wasm_bg.wasm'));
    const { stdout } = await promisify(execFile)(process.execPath, [join(out, 'bundle.cjs')], { cwd: out });
    expect(stdout.trim()).toBe((await loadPolicy()).version);
  });
});
