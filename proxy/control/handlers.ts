/** The methods of the control channel, each one call into the part of the proxy that answers it. */
import type { ApprovalRequest } from '../approvals/request.ts';
import { beginSignIn, type PendingSignIn } from '../identity/signIn.ts';
import { makeTokenVerifier } from '../identity/tokenVerifier.ts';
import { CollectorRefusal, checkCollectorUrl } from '../kit/collectorClient.ts';
import { newSessionId } from '../kit/ids.ts';
import { describeDdl } from '../schema/describeDdl.ts';
import type { DriftReport, SchemaSnapshot } from '../schema/snapshot.ts';
import type { GovernedConnection } from '../session/governedConnection.ts';
import { askToSee, readSightTerms, type SightParts } from './askToSee.ts';
import { checkPolicyFiles } from './checkPolicyFiles.ts';
import { checkText } from './checkText.ts';
import type { ControlHandlers } from './controlServer.ts';
import { explainColumns } from './explainColumns.ts';
import { listSinks } from './listSinks.ts';
import type { LocalProxy } from './localProxy.ts';
import type { ExplainedColumns, SchemaState } from './messages.ts';
import { exportEvidence, verifyRecords } from './records.ts';
import { searchStatements } from './searchStatements.ts';

/** @param shutDown ends the process in order, after the answer is sent */
export function makeHandlers(proxy: LocalProxy, shutDown: () => void): ControlHandlers {
  const pending = new Map<string, PendingSignIn>();
  const connectionOf = (name: string): GovernedConnection => {
    const connection = proxy.running.proxy.connections.get(name);
    if (connection !== undefined) return connection;
    const problem = proxy.status.connections.find((known) => known.name === name)?.problem;
    throw new Error(problem?.message ?? `there is no connection "${name}"`);
  };
  const sightParts = (name: string): SightParts => {
    const { proxy: running, keeper, desk } = proxy.running;
    const { policy, analyser } = running;
    return {
      policy,
      identity: keeper.identity,
      connection: connectionOf(name),
      parser: analyser.parser,
      desk,
    };
  };
  return {
    hello: () => proxy.status,

    beginSignIn: async ({ collector }) => {
      const signIn = await beginSignIn(checkCollectorUrl(collector));
      const id = newSessionId();
      pending.set(id, signIn);
      signIn.finished.then(
        () => setTimeout(() => pending.delete(id), 60_000).unref(),
        () => setTimeout(() => pending.delete(id), 60_000).unref(),
      );
      return { id, url: signIn.url, issuer: signIn.issuer };
    },

    finishSignIn: async ({ id }, token) => {
      const signIn = pending.get(id);
      if (signIn === undefined) throw new Error('this sign-in is over; start a new one');
      const cancelling = token.onCancellationRequested(() => signIn.cancel());
      try {
        const tokens = await signIn.finished;
        const { identity } = await makeTokenVerifier(signIn).verify(tokens.accessToken);
        // Away, and tried again by the proxy itself, as its status says: the window keeps the tokens all the same.
        await proxy.signIn(signIn.collector, tokens).catch((error) => {
          if (proxy.status.state !== 'starting') throw error;
        });
        const { subject, email, groups } = identity;
        return { tokens, identity: { subject, email, groups } };
      } finally {
        cancelling.dispose();
        pending.delete(id);
      }
    },

    resume: ({ collector, tokens }) => proxy.signIn(checkCollectorUrl(collector), tokens),
    signOut: () => proxy.signOut(),

    checkText: async ({ connection, text }) => {
      const { proxy: running, keeper, desk } = proxy.running;
      const { analyser, policy } = running;
      const parts = {
        analyser,
        policy,
        identity: keeper.identity,
        connection: connectionOf(connection),
        grants: desk.grants,
      };
      return { statements: await checkText(parts, text) };
    },

    checkPolicy: async ({ files }) => ({ problems: await checkPolicyFiles(files) }),

    readSchema: async ({ connection, refresh }) => {
      const { link } = proxy.running;
      const governed = connectionOf(connection);
      if (refresh) await governed.refresh();
      const live = refresh ? await link.refresh(connection) : await link.snapshot(connection);
      const drift = await readDrift(proxy, connection);
      const { proxy: running, keeper, desk } = proxy.running;
      const explained = explainColumns(running.policy, keeper.identity, governed, {}, desk.grants);
      return { live, drift, ...describeMasking(explained) };
    },

    explainColumns: ({ connection, ...filter }) => {
      const { proxy: running, keeper, desk } = proxy.running;
      const governed = connectionOf(connection);
      return explainColumns(running.policy, keeper.identity, governed, filter, desk.grants);
    },

    readSightTerms: (asked) => readSightTerms(sightParts(asked.connection), asked),
    askToSee: (asked) => askToSee(sightParts(asked.connection), asked),

    readDdl: async ({ connection, schema, table }) => {
      const { link, client } = proxy.running;
      const find = (snapshot: SchemaSnapshot | undefined) =>
        snapshot?.tables.find((candidate) => candidate.schema === schema && candidate.name === table);
      const baseline = await client
        .call<SchemaSnapshot | { snapshot: SchemaSnapshot }>(
          'GET',
          `/v1/baselines/${encodeURIComponent(connection)}`,
        )
        .catch((error) => {
          if (CollectorRefusal.is(error, 404)) return undefined;
          throw error;
        });
      const snapshot = baseline && ('snapshot' in baseline ? baseline.snapshot : baseline);
      return {
        baseline: describeDdl(find(snapshot)),
        live: describeDdl(find(await link.snapshot(connection))),
      };
    },

    acceptBaseline: async ({ connection }) => {
      const { link, client } = proxy.running;
      await link.refresh(connection);
      await client.call('POST', `/v1/baselines/${encodeURIComponent(connection)}`, { from: 'live' });
      return readDrift(proxy, connection);
    },

    listRequests: async () => {
      const { items } = await proxy.running.client.call<{ items: ApprovalRequest[] }>('GET', '/v1/requests');
      return { requests: items };
    },

    reviewRequest: ({ id, decision, comment }) =>
      proxy.running.client.call('POST', `/v1/requests/${encodeURIComponent(id)}/reviews`, {
        decision,
        comment,
      }),

    withdrawRequest: ({ id }) =>
      proxy.running.client.call('POST', `/v1/requests/${encodeURIComponent(id)}/withdraw`, {}),

    listActivity: async ({ limit }) => {
      const { activity, link } = proxy.running;
      await activity.read();
      return { entries: activity.list(limit, link.sync.acknowledged), sync: link.sync.status };
    },

    listSinks: async () => {
      const sinks = await listSinks(proxy.running.client);
      return sinks === undefined ? {} : { sinks };
    },

    searchStatements: (search) => searchStatements(proxy.running.client, search),
    verifyRecords: () => verifyRecords(proxy.running.proxy.journalFolder),
    exportEvidence: ({ path, ...filter }, token) => {
      const { client, keeper } = proxy.running;
      return exportEvidence({ url: client.url, token: () => keeper.token() }, filter, path, token);
    },

    shutDown: () => {
      // The channel sends an answer some turns of the loop after it is made.
      setTimeout(shutDown, 20);
      return null;
    },
  };
}

function readDrift(proxy: LocalProxy, connection: string): Promise<DriftReport> {
  return proxy.running.client.call('GET', `/v1/drift?connection=${encodeURIComponent(connection)}`);
}

function describeMasking({
  columns,
  problems,
}: ExplainedColumns): Pick<SchemaState, 'classifications' | 'reasons' | 'maskingProblems'> {
  const classifications: Record<string, string> = {};
  const reasons: Record<string, string> = {};
  for (const { schema, table, column, classification, method, why } of columns) {
    const name = `${schema}.${table}.${column}`;
    reasons[name] = why;
    if (classification !== undefined && method !== undefined) classifications[name] = classification;
  }
  return { classifications, reasons, maskingProblems: problems };
}
