/** What PostgreSQL's manual reads and sets in its examples, a developer may in production, with exceptions that are named. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy, type PolicyEngine } from '../../proxy/policy/policyEngine.ts';
import type { StatementFacts } from '../../proxy/sql/facts.ts';
import { loadParser, type SqlParser } from '../../proxy/sql/parser.ts';
import { readFacts } from '../../proxy/sql/readFacts.ts';

/** Debian's package postgresql-doc-15. */
const manual = '/usr/share/doc/postgresql-doc-15/html';
const reason = existsSync(manual) ? undefined : `${manual} is missing: install postgresql-doc-15`;
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

const dev = { subject: 'dev', email: 'dev@example.com', groups: ['developers'] };
const demo = { name: 'demo', environment: 'production' };

/** Statements that read, explain, show, set, or frame a transaction. */
const readingNodes = new Set([
  'SelectStmt',
  'ExplainStmt',
  'VariableShowStmt',
  'VariableSetStmt',
  'TransactionStmt',
  'DeclareCursorStmt',
  'FetchStmt',
  'ClosePortalStmt',
  'ListenStmt',
  'PrepareStmt',
]);

/** What the manual shows, and nobody does in production without a second look, or at all. */
const rightlyHeld =
  `SET auto_explain.log_analyze · SET auto_explain.log_min_duration · SET client_encoding · SET role
  SET session_authorization · DELETE FROM · INSERT INTO · UPDATE · EXPLAIN · CREATE TABLE
  calling pg_backup_start · calling pg_backup_stop · calling dblink · calling pg_extension_config_dump
  calling pg_read_binary_file · calling pg_sleep · calling lo_ · calling fsm_page_contents · calling heap_page_item
  calling tuple_data_split · calling pgrowlocks · calling get_raw_page · calling ts_stat · calling ts_rewrite
  calling bt_ · calling brin_ · calling hash_ · calling gist_ · calling page_header · calling query_to_xml
  calling pg_logical_slot_ · calling pg_create_logical_ · calling pg_create_physical_ · calling pg_drop_replication_slot
  calling gin_leafpage_items · calling pg_get_wal_record · calling pg_log_backend_memory_contexts
  calling pg_stat_get_backend_activity · maintenance · changing · calling pg_current_logfile · calling pg_ls · calling postgres_fdw_`
    .split(/·|\n/)
    .map((start) => start.trim());

describe.skipIf(reason !== undefined)('the examples of the manual', () => {
  let parser: SqlParser;
  let policy: PolicyEngine;
  beforeAll(async () => {
    parser = await loadParser();
    policy = await loadPolicy();
  });

  it('pass where they read', () => {
    let reading = 0;
    const held: string[] = [];
    for (const facts of examples(parser)) {
      if (!readingNodes.has(facts.node)) continue;
      reading += 1;
      // A function that the example has just made is known from the catalog, where there is one.
      const effects = facts.effects.filter(({ isAssumed }) => isAssumed !== true);
      const known = {
        ...facts,
        effects: effects.length > 0 ? effects : [{ kind: 'read', predicate: 'none' } as const],
      };
      for (const { message } of policy.decide(dev, demo, known).findings) {
        if (!rightlyHeld.some((start) => message.startsWith(start))) held.push(`${message}: ${facts.text}`);
      }
    }
    expect(reading).toBeGreaterThan(1000);
    expect(held).toEqual([]);
  });
});

/** The facts of every example that is SQL; what psql prints around it is left out. */
function* examples(parser: SqlParser): Generator<StatementFacts> {
  for (const file of readdirSync(manual).filter((name) => name.endsWith('.html'))) {
    const html = readFileSync(`${manual}/${file}`, 'utf8');
    for (const [, block = ''] of html.matchAll(/<pre class="(?:programlisting|screen)">([\s\S]*?)<\/pre>/g)) {
      const text = plainText(block);
      for (const piece of parses(parser, text) ? [text] : text.split(/\n\n|\n(?=\S*=[>#] )|(?<=;)\s*\n/)) {
        const statement = piece.replace(/^\S*=[>#] /gm, '');
        if (parses(parser, statement)) yield* readFacts(parser.parse(statement), statement);
      }
    }
  }
}

function parses(parser: SqlParser, text: string): boolean {
  try {
    parser.parse(text);
    return true;
  } catch {
    return false; // Not SQL: a file, a shell's session, a table of output.
  }
}

function plainText(html: string): string {
  const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return html
    .replace(/<[^>]+>/g, '')
    .replace(/&(\w+);/g, (entity, name: string) => characters[name] ?? entity)
    .replaceAll('\u00a0', ' ')
    .trim();
}
