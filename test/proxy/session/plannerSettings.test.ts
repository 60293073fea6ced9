/** What gives a session a say in plans, told from the text of what it sends. */
import { beforeAll, describe, expect, it } from 'vitest';
import { PlannerSettings, steersPlans } from '../../../proxy/session/judging/plannerSettings.ts';
import { loadParser, type SqlParser } from '../../../proxy/sql/parser.ts';
import { readFacts } from '../../../proxy/sql/readFacts.ts';

describe('PlannerSettings', () => {
  let parser: SqlParser;
  beforeAll(async () => {
    parser = await loadParser();
  });

  const changedBy = (text: string) => {
    const settings = new PlannerSettings();
    const [facts] = readFacts(parser.parse(text), text);
    if (facts === undefined) throw new Error('there is no statement');
    const itself = settings.changedBy(facts);
    settings.note(facts);
    const [plain] = readFacts(parser.parse('SELECT 1'), 'SELECT 1');
    return [itself, plain && settings.changedBy(plain)];
  };

  it.each([
    ['SET enable_hashagg = off', 'enable_hashagg'],
    ["SELECT set_config('enable_sort', 'off', true)", 'enable_sort'],
    ["SELECT set_config(name, 'off', true) FROM pg_class", 'a setting of the planner'],
    ["UPDATE pg_settings SET setting = 'off' WHERE name = 'enable_sort'", 'a setting of the planner'],
    ["UPDATE pg_catalog.pg_settings SET setting = 'off'", 'a setting of the planner'],
    [
      "DO $$ DECLARE s text := 'x'; BEGIN EXECUTE 'SET ' || s || ' = off'; END $$",
      'a setting of the planner',
    ],
    ["DO $$ BEGIN EXECUTE 'SET ' || 'enable_sort = off'; END $$", 'enable_sort'],
    ['ALTER FUNCTION f() SET enable_sort = off', 'enable_sort'],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql SET enable_sort = off AS $$ SELECT 1 $$', 'enable_sort'],
  ])('%s changes %s', (text, setting) => {
    expect(changedBy(text)).toEqual([setting, setting]);
  });

  it.each([
    "SET work_mem = '64MB'",
    "SELECT set_config('search_path', 'public', false)",
    'SELECT setting FROM pg_settings',
    "DO $$ DECLARE t text := 'x'; BEGIN EXECUTE format('GRANT SELECT ON %I TO PUBLIC', t); END $$",
    'CREATE FUNCTION f(q text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; END $$',
  ])('%s changes none', (text) => {
    expect(changedBy(text)).toEqual([undefined, undefined]);
  });

  it('takes over what sessions start with, also when that is known later, unless the client has asked for another', () => {
    let stored: ReadonlyMap<string, string> = new Map();
    const session = new PlannerSettings(new Map(), () => stored);
    const asking = new PlannerSettings(new Map([['enable_sort', 'on']]), () => stored);
    const nothing = { effects: [], node: 'SelectStmt' };
    const before = session.stamp;
    expect(session.changedBy(nothing)).toBeUndefined();
    stored = new Map([['enable_sort', 'off']]);
    expect(session.stamp).not.toBe(before);
    expect(session.changedBy(nothing)).toBe('enable_sort');
    expect(asking.changedBy(nothing)).toBeUndefined();
  });

  it.each([
    ['enable_sort', 'off', true],
    ['enable_sort', 'on', false],
    ['enable_partitionwise_join', 'on', true],
    ['random_page_cost', '1.1', false],
    ['random_page_cost', '0.001', true],
    ['random_page_cost', '', true],
    ['cpu_tuple_cost', '10', true],
    ['work_mem', '64kB', true],
    ['work_mem', '32MB', false],
    ['effective_cache_size', '8GB', false],
    ['plan_cache_mode', 'force_custom_plan', false],
    ['search_path', 'a', false],
  ])('%s = %s for a role steers plans: %s', (name, value, isSteering) => {
    expect(steersPlans(name, value)).toBe(isSteering);
  });
});
