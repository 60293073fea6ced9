import { beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../../proxy/identity/identity.ts';
import { PortcullisError } from '../../../proxy/kit/errors.ts';
import type { Decision } from '../../../proxy/policy/decision.ts';
import { describeEffect } from '../../../proxy/policy/describeEffect.ts';
import { decisionError } from '../../../proxy/policy/findings.ts';
import { loadPolicy, type PolicyEngine } from '../../../proxy/policy/policyEngine.ts';
import type { Effect, StatementFacts } from '../../../proxy/sql/facts.ts';
import { effectKinds, packRows } from './defaultPackTable.ts';
import { agentOf, demoIn, effect, factsOf, personIn } from './effects.ts';

let policy: PolicyEngine;

beforeAll(async () => {
  policy = await loadPolicy();
});

function decide(
  effects: readonly Effect[],
  environment = 'production',
  who: Identity = personIn('developers'),
) {
  return policy.decide(who, demoIn(environment), factsOf(effects));
}

function refuse(effects: readonly Effect[], facts: Partial<StatementFacts> = {}, messageText?: string) {
  return decisionError(decide(effects), factsOf(effects, facts), messageText);
}

/** As psql prints an error. */
function asText(decision: Decision, statement: StatementFacts): string {
  if (decision.outcome === 'allow') return 'allowed';
  const error = decisionError(decision, statement);
  const hint = error.hint === undefined ? '' : `\nHINT:  ${error.hint}`;
  return `ERROR:  ${error.sqlState}: ${error.message}\nDETAIL:  ${error.detail}${hint}`;
}

const drop = effect('drop', { object: 'table', relation: { name: 'customers' } });

describe('findings', () => {
  it('read as the golden text says, for every row of the table in every environment', async () => {
    const people: readonly (readonly [string, Identity])[] = [
      ['an agent of a developer', agentOf(personIn('developers'))],
      ['an auditor', personIn('auditors')],
    ];
    const parts: string[] = [];
    for (const row of packRows) {
      // Environments that read the same stand together.
      const texts = new Map<string, string[]>();
      for (const environment of ['production', 'staging', 'development']) {
        const statement = factsOf([row.effect]);
        const decision = policy.decide(personIn('developers'), demoIn(environment), statement);
        const text = asText(decision, statement).replace(`(${environment})`, '(…)');
        texts.set(text, [...(texts.get(text) ?? []), environment]);
      }
      for (const [text, environments] of texts) {
        if (text !== 'allowed') parts.push(`# ${row.label}: ${environments.join(', ')}\n${text}`);
      }
    }
    for (const [who, identity] of people) {
      const statement = factsOf([packRows[0]?.effect ?? drop, drop]);
      const decision = policy.decide(identity, demoIn('production'), statement);
      parts.push(`# SELECT and DROP by ${who}\n${asText(decision, statement)}`);
    }
    for (const identity of [personIn('interns'), personIn('interns', 'guests'), personIn()]) {
      const statement = factsOf([effect('read', { relation: { name: 'orders' } })]);
      const decision = policy.decide(identity, demoIn('staging'), statement);
      parts.push(`# SELECT by ${identity.email}\n${asText(decision, statement)}`);
    }
    await expect(`${parts.join('\n\n')}\n`).toMatchFileSnapshot('findings.golden.txt');
  });

  it('describe every kind of effect even where nothing is known about it', () => {
    for (const kind of effectKinds) {
      expect(describeEffect(effect(kind)), kind).toMatch(/^\S.*\S$/);
      expect(describeEffect(effect(kind)), kind).not.toMatch(/undefined| {2}/);
    }
  });

  it('say why an effect counts as what it is', () => {
    const why = 'calls pg_read_file, which reads files of the server';
    const [finding] = decide([effect('serverAccess', { functionName: 'pg_read_file', why })]).findings;
    expect(finding?.detail).toContain('It calls pg_read_file, which reads files of the server.');
  });

  it('carry a code for programs, the place, and who could approve', () => {
    const located = effect('update', { relation: { name: 'orders' }, predicate: 'real', location: 7 });
    expect(decide([located]).findings).toMatchObject([
      {
        code: 'approve.update.real',
        policy: 'portcullis.production-write',
        location: 7,
        approvers: 'reviewers',
      },
    ]);
    const [denial] = decide([drop]).findings;
    expect(denial).toMatchObject({ code: 'deny.drop', policy: 'portcullis.destructive-ddl' });
    expect(denial).not.toHaveProperty('approvers');
  });

  it('quote names as PostgreSQL does', () => {
    const text = (schema: string | undefined, name: string) =>
      describeEffect(
        effect('drop', { object: 'table', relation: schema === undefined ? { name } : { schema, name } }),
      );
    expect(text(undefined, 'customers')).toBe('DROP TABLE customers');
    expect(text('public', 'Customers')).toBe('DROP TABLE public."Customers"');
    expect(text(undefined, 'user')).toBe('DROP TABLE "user"');
    expect(text(undefined, 'a"b c')).toBe('DROP TABLE "a""b c"');
    expect(text('', '')).toBe('DROP TABLE "".""');
  });

  it('hold no control character, line break or text direction mark of a name', () => {
    const name = 'x\r\nHINT:  all is well\u0000\u001b[31m\u202egnp\u2028\ud800';
    const decision = decide([
      effect('drop', { object: 'table', relation: { name }, why: `names\n${name}` }),
      effect('serverAccess', { functionName: name, why: name }),
    ]);
    const shown = decision.findings
      .map((finding) => `${finding.message}${finding.detail}${finding.hint}`)
      .join('');
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(shown).toContain('all is well');
  });

  it('stay short whatever a statement holds', () => {
    const long = 'x'.repeat(100_000);
    const [finding] = decide([
      effect('serverAccess', { functionName: long, why: long, relation: { name: long } }),
    ]).findings;
    expect(finding?.message.length).toBeLessThan(300);
    expect(finding?.detail?.length).toBeLessThan(1000);
  });
});

describe('the error of a decision', () => {
  it('is 42501 with message, detail and hint', () => {
    const error = refuse([drop]);
    expect(PortcullisError.is(error, 'STATEMENT_DENIED')).toBe(true);
    expect(error).toMatchObject({
      sqlState: '42501',
      message: 'DROP TABLE customers is denied on demo (production)',
    });
    expect(error.detail).toContain('Policy: portcullis.destructive-ddl.');
    expect(error.hint).toMatch(/^Put it into a migration/);
  });

  it('says of what needs approval by whom', () => {
    const error = refuse([effect('insert', { relation: { name: 'orders' } })]);
    expect(error.sqlState).toBe('42501');
    expect(error.message).toBe('INSERT INTO orders needs approval on demo (production)');
    expect(error.detail).toMatch(/^It needs approval by reviewers/);
  });

  it('counts its position in characters of the whole message, from 1', () => {
    const text = "SELECT 'größe 🙂'; DELETE FROM kunden";
    const byte = Buffer.byteLength(text.slice(0, text.indexOf('kunden')));
    const statement = { text: ' DELETE FROM kunden', offset: Buffer.byteLength("SELECT 'größe 🙂';") };
    const unbounded = effect('delete', { relation: { name: 'kunden' }, predicate: 'absent', location: byte });
    expect(refuse([unbounded], statement, text).position).toBe(
      [...text.slice(0, text.indexOf('kunden'))].length + 1,
    );
    expect(refuse([unbounded], statement).position).toBeUndefined();
  });

  it('needs no message text for a first statement', () => {
    const text = '/* ü */ DROP TABLE customers';
    const located = { ...drop, location: Buffer.byteLength('/* ü */ DROP TABLE ') };
    expect(refuse([located], { text }).position).toBe(20);
  });

  it('has no position where the place is not in the statement', () => {
    expect(refuse([{ ...drop, location: 400 }], { text: 'EXECUTE x' }).position).toBeUndefined();
    expect(refuse([{ ...drop, location: 2 }], { text: 'EXECUTE x', offset: 30 }).position).toBeUndefined();
  });

  it('names the other refused effects too, each once, and counts the rest', () => {
    const drops = ['a', 'b', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ ...drop, relation: { name } }));
    expect(refuse(drops).detail?.split('\n').slice(1)).toEqual([
      'Also: DROP TABLE b is denied on demo (production).',
      'Also: DROP TABLE c is denied on demo (production).',
      'Also: DROP TABLE d is denied on demo (production).',
      'And 2 more.',
    ]);
  });

  it('is never made of an allowed statement', () => {
    const effects = [effect('read')];
    expect(() => decisionError(decide(effects), factsOf(effects))).toThrow(
      'an allowed statement was to be refused',
    );
  });
});
