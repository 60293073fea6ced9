/** When a session's path is known, when it is asked for, and when it is in doubt. */
import { describe, expect, it } from 'vitest';
import { LivePath, unsure } from '../../../proxy/session/searchPath/livePath.ts';
import { readNameMove } from '../../../proxy/session/searchPath/nameMoves.ts';
import type { OnPath } from '../../../proxy/session/searchPath/pathProbe.ts';
import { SchemaChanges } from '../../../proxy/session/searchPath/schemaChanges.ts';
import type { Effect } from '../../../proxy/sql/facts.ts';
import { TransactionStatus } from '../../../proxy/wire/protocol.ts';

const { idle, open, failed } = TransactionStatus;

/** A session whose server answers at once with `answer`, and how often it was asked and the catalog looked at. */
function start() {
  const catalog = { version: 1 };
  const seen = { asked: 0, refreshed: 0, answer: ['pg_catalog', 'a'] as readonly string[] | undefined };
  const refresh = async () => {
    seen.refreshed += 1;
  };
  const changes = new SchemaChanges(refresh);
  const path = new LivePath({ catalog, changes, refresh });
  const ask = (onPath: OnPath) => {
    seen.asked += 1;
    onPath(seen.answer);
  };
  path.connect(ask);
  return { path, seen, catalog, changes };
}

describe('the path of a session', () => {
  it('is asked for once, and the same path has the same number', async () => {
    const { path, seen } = start();
    expect(path.schemas).toBeUndefined();
    expect(path.holds(unsure)).toBe(false);
    await path.find();
    const { id } = path;
    expect(path.schemas).toEqual(['pg_catalog', 'a']);
    path.noteSent('none');
    path.noteReady(idle, true);
    await path.find();
    expect(seen).toMatchObject({ asked: 1, refreshed: 0 });
    path.noteSent('path');
    path.noteReady(idle, true);
    expect(path.holds(id)).toBe(false);
    seen.answer = ['pg_catalog', 'b'];
    await path.find();
    expect(path.id).not.toBe(id);
    path.noteSent('path');
    path.noteReady(idle, true);
    seen.answer = ['pg_catalog', 'a'];
    await path.find();
    expect(path.id).toBe(id);
    expect(seen).toMatchObject({ asked: 3, refreshed: 0 });
  });

  it('is in doubt from the moment that something is sent that may move it', async () => {
    const { path } = start();
    await path.find();
    path.noteSent('path');
    expect(path.id).toBe(unsure);
  });

  it('ends with the transaction that moved it, however many messages are sent ahead', async () => {
    const { path, seen } = start();
    path.noteSent('transaction'); // BEGIN, before anything has moved
    await path.find();
    path.noteReady(open, true);
    expect(path.schemas).toBeDefined();
    path.noteSent('path');
    path.noteReady(idle, false); // of an earlier message
    await path.find();
    expect(path.schemas).toBeDefined();
    path.noteSent('transaction'); // ROLLBACK TO, COMMIT AND CHAIN
    expect(path.schemas).toBeUndefined();
    await path.find();
    path.noteError();
    expect(path.schemas).toBeUndefined();
    await path.find();
    path.noteReady(idle, true);
    expect(path.schemas).toBeUndefined();
    await path.find();
    path.noteSent('transaction');
    path.noteError();
    path.noteReady(idle, true);
    expect(path.schemas).toBeDefined();
    expect(seen.asked).toBe(5);
  });

  it('is not asked for in a transaction that has failed, or where changes of the schema are open', async () => {
    const { path, seen, changes } = start();
    path.noteReady(failed, true);
    expect(path.mayBeFound).toBe(false);
    expect(path.holds(unsure)).toBe(true);
    path.noteReady(idle, true);
    path.noteSent('session');
    expect(path.mayBeFound).toBe(false);
    path.noteReady(idle, true);
    const other = {};
    changes.begin(other);
    expect(path.mayBeFound).toBe(false);
    await path.find();
    expect(seen.asked).toBe(0);
    changes.end(other);
    await path.find();
    expect(seen).toMatchObject({ asked: 1, refreshed: 2 });
    expect(path.schemas).toBeDefined();
  });

  it('is asked for again with another catalog, and where the server reports another path', async () => {
    const { path, seen, catalog } = start();
    await path.find();
    catalog.version = 2;
    expect(path.schemas).toBeUndefined();
    await path.find();
    path.noteReported('application_name');
    expect(path.schemas).toBeDefined();
    path.noteReported('search_path');
    expect(path.schemas).toBeUndefined();
    await path.find();
    expect(seen.asked).toBe(3);
  });

  it('stays in doubt where the server does not say, or is not asked in vain for ever', async () => {
    const { path, seen } = start();
    seen.answer = undefined;
    await path.find();
    expect(path.id).toBe(unsure);
    expect(seen.asked).toBe(3);
  });

  it('in doubt for another session while changes of this one are open, and no longer when it ends', () => {
    const { path, changes } = start();
    path.noteSent('session');
    expect(changes.isSettled).toBe(true);
    path.noteSent('everyone');
    expect(changes.isSettled).toBe(false);
    expect(changes.maySettle).toBe(false);
    path.close();
    expect(changes.maySettle).toBe(true);
    expect(changes.isSettled).toBe(false);
  });
});

describe('what a statement does to names', () => {
  const effect = (fields: Partial<Effect>): Effect => ({ kind: 'read', predicate: 'none', ...fields });
  it.each<[string, Partial<Effect>, string]>([
    ['a read', {}, 'none'],
    ['a write', { kind: 'update' }, 'none'],
    ['SET search_path', { kind: 'session', setting: 'search_path' }, 'path'],
    ['SET work_mem', { kind: 'session', setting: 'work_mem' }, 'none'],
    ['RESET ALL', { kind: 'session', object: 'all settings' }, 'path'],
    ['RESET SESSION AUTHORIZATION', { kind: 'session', object: 'session authorization' }, 'path'],
    ['DISCARD ALL', { kind: 'session', object: 'all' }, 'session'],
    ['DISCARD TEMP', { kind: 'session', object: 'temp' }, 'session'],
    ['DISCARD PLANS', { kind: 'session', object: 'plans' }, 'none'],
    ['PREPARE', { kind: 'session', object: 'prepared statement' }, 'none'],
    ['what the session does and nobody has named', { kind: 'session' }, 'session'],
    ['SET ROLE', { kind: 'serverAccess', setting: 'role' }, 'everyone'],
    ['COMMIT', { kind: 'transaction' }, 'transaction'],
    ['COMMIT PREPARED', { kind: 'transaction', object: 'prepared transaction' }, 'everyone'],
    ['CREATE TEMP TABLE', { kind: 'create', temporary: true }, 'session'],
    ['CREATE TABLE', { kind: 'create' }, 'everyone'],
    ['DROP', { kind: 'drop' }, 'everyone'],
    ['GRANT', { kind: 'privilege' }, 'everyone'],
    ['DO', { kind: 'procedural' }, 'everyone'],
    ['what is not understood', { kind: 'unknown' }, 'everyone'],
  ])('%s', (_, fields, move) => {
    expect(readNameMove({ effects: [effect({}), effect(fields)] })).toBe(move);
  });
});
