/**
 * Throws broken and hostile bytes at a proxy, from a seed, for a while: it must answer in the protocol's form or close,
 * and go on serving a well-behaved client next to it.
 */
import { connect, type Socket } from 'node:net';
import { serialize } from 'pg-protocol';
import { Random } from '../../kit/random.ts';
import { types, WireClient } from '../../kit/wireClient.ts';

export interface FuzzReport {
  readonly rounds: number;
  /** Attacks by name and how often each was tried. */
  readonly attacks: Readonly<Record<string, number>>;
}

const { query, parse, bind, describe, execute, close, flush, sync, copyData, copyDone, copyFail } = serialize;

const texts = [
  'SELECT 1',
  'SELECT 1/0',
  'SELECT id, email FROM customers LIMIT 3',
  'SELECT repeat(md5(i::text), 50) FROM generate_series(1, 2000) i',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'DROP TABLE customers',
  'COPY (SELECT 1) TO STDOUT',
  'CREATE TEMP TABLE IF NOT EXISTS t (a int)',
  'COPY t FROM STDIN',
  'PREPARE p AS SELECT 1',
  'EXECUTE p',
  'DEALLOCATE ALL',
  'SELECT (((((((((((1)))))))))))',
  'not SQL at all',
  '',
  ';;;',
  "SELECT '",
  '/* /* */',
];

/** A message that is well-formed by itself; in which order they come is left to chance. */
function anyMessage(random: Random): Buffer {
  const name = random.pick(['', '', 'a', 'b', 'x'.repeat(random.below(60))]);
  const text = random.pick(texts);
  switch (random.below(12)) {
    case 0:
      return query(text);
    case 1:
    case 2:
      return parse({ name, text });
    case 3:
      return bind({
        portal: random.pick(['', 'p']),
        statement: name,
        values: random.below(4) === 0 ? ['1'] : [],
      });
    case 4:
      return describe({ type: random.pick(['S', 'P'] as const), name });
    case 5:
      return execute({ portal: random.pick(['', 'p']), rows: random.below(3) });
    case 6:
      return close({ type: random.pick(['S', 'P'] as const), name });
    case 7:
      return random.pick([flush(), sync()]);
    case 8:
      return copyData(random.bytes(random.below(100)));
    case 9:
      return random.pick([copyDone(), copyFail('enough')]);
    default:
      return sync();
  }
}

/** Flips, cuts, doubles or stretches bytes of a message. */
function damage(random: Random, message: Buffer): Buffer {
  const bytes = Buffer.from(message);
  switch (random.below(5)) {
    case 0:
      bytes[random.below(bytes.length)] = random.below(256);
      return bytes;
    case 1:
      return bytes.subarray(0, random.below(bytes.length));
    case 2:
      return Buffer.concat([bytes, random.bytes(random.below(20))]);
    case 3:
      if (bytes.length >= 5)
        bytes.writeInt32BE(random.pick([-1, 0, 3, 4, 5, 0x3fffffff, 0x7fffffff, bytes.length]), 1);
      return bytes;
    default:
      return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), bytes]);
  }
}

type Attack = (random: Random, port: number, url: string) => Promise<void>;

const attacks: Readonly<Record<string, Attack>> = {
  'random bytes at the door': async (random, port) => {
    const socket = await knock(port);
    socket.write(random.bytes(random.below(300)));
    await leave(socket, random.below(30));
  },
  'a broken startup packet': async (random, port) => {
    const socket = await knock(port);
    const packet = serialize.startup({
      user: 'dev',
      database: 'shop',
      options: random.pick(['', '-c a=b', '-S 1']),
    });
    socket.write(damage(random, packet));
    await leave(socket, random.below(30));
  },
  'messages in any order': async (random, _port, url) => {
    const client = await WireClient.connect(url);
    for (let i = 5 + random.below(40); i > 0; i--) client.send(anyMessage(random));
    await leave(client.socket, random.below(60));
  },
  'messages in any order, then the end awaited': async (random, _port, url) => {
    const client = await WireClient.connect(url);
    const messages = Array.from({ length: 5 + random.below(40) }, () => anyMessage(random));
    client.send(Buffer.concat(messages));
    // Whatever state it was left in: CopyFail, Sync and a question must bring an answer, or the connection has ended.
    client.send(copyFail('enough'), sync(), query("SELECT 'fuzz end'"));
    const deadline = Date.now() + 10_000;
    while (
      !client.isClosed &&
      !client.pending.some(({ type, body }) => type === 'D' && body.includes('fuzz end'))
    ) {
      const answer = client.pending.findLast(({ type }) => type === 'E');
      if (answer?.body.includes('25P02') && client.pending.at(-1)?.type === 'Z') break; // in a failed transaction
      if (Date.now() > deadline)
        throw new Error(
          `no answer; seen: ${types(client.pending).slice(-40)} ${client.pending
            .findLast(({ type }) => type === 'E')
            ?.body.toString()
            .replaceAll('\0', ' ')}`,
        );
      await pause(5);
    }
    client.close();
  },
  'damaged messages': async (random, _port, url) => {
    const client = await WireClient.connect(url);
    for (let i = 1 + random.below(8); i > 0; i--)
      client.send(random.below(3) === 0 ? damage(random, anyMessage(random)) : anyMessage(random));
    await leave(client.socket, random.below(60));
  },
  'a client that stops reading': async (random, _port, url) => {
    const client = await WireClient.connect(url);
    client.socket.pause();
    client.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"));
    await pause(random.below(80));
    client.close();
  },
  'a length that is only claimed': async (random, _port, url) => {
    const client = await WireClient.connect(url);
    const head = Buffer.from([
      random.pick([0x51, 0x50, 0x42, 0x64]),
      0x3f,
      0xff,
      0xff,
      0xff - random.below(5),
    ]);
    client.send(head, random.bytes(random.below(1000)));
    await leave(client.socket, random.below(60));
  },
};

/** Runs until the time is up. Rejects, naming seed and round, at the first thing that is not as it must be. */
export async function fuzz(options: { url: string; seed: number; millis: number }): Promise<FuzzReport> {
  const port = Number(new URL(options.url).port);
  const counts: Record<string, number> = {};
  const neighbour = await WireClient.connect(options.url);
  const deadline = Date.now() + options.millis;
  let rounds = 0;
  for (; Date.now() < deadline; rounds++) {
    const random = new Random(options.seed + rounds);
    const [name, attack] = random.pick(Object.entries(attacks));
    counts[name] = (counts[name] ?? 0) + 1;
    try {
      await attack(random, port, options.url);
      const answer = types(await neighbour.query('SELECT 1'));
      if (answer !== 'TDCZ') throw new Error(`the neighbour heard ${answer}`);
    } catch (error) {
      throw new Error(`seed ${options.seed + rounds}, "${name}": ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  neighbour.close();
  return { rounds, attacks: counts };
}

function knock(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
    socket.resume();
  });
}

/** Goes after a while, sometimes without a word. */
async function leave(socket: Socket, millis: number): Promise<void> {
  await pause(millis);
  if (millis % 2 === 0) socket.destroy();
  else socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), 500);
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
