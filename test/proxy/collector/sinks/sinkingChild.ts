/** A process for the tests to kill: a collector that hands events on. */
import { createPrivateKey } from 'node:crypto';
import { writeSync } from 'node:fs';
import { startCollector } from '../../../../proxy/collector/collector.ts';
import { createLog } from '../../../../proxy/kit/log.ts';
import { audience } from '../issuer.ts';
import { quick, sink } from './sinkHarness.ts';

const [databaseUrl = '', issuer = '', key = '', url = '', path = ''] = process.argv.slice(2);
const secrets = [Buffer.alloc(32, 1)];
const changes = { batchEvents: 7, timeoutMs: 1_000 };
const collector = await startCollector({
  databaseUrl,
  issuer,
  audience,
  clientId: 'portcullis-test',
  connections: [],
  policyFiles: [{ name: 'reads.cedar', text: '// nothing' }],
  signingKeys: [createPrivateKey(key)],
  sinks: [
    sink('killed', { kind: 'webhook', url, secrets, headers: {} }, changes),
    sink('written', { kind: 'jsonLines', path }, changes),
  ],
  sinkTimes: quick,
  port: 0,
  log: createLog('error'),
});
writeSync(1, `${collector.url}\n`);
