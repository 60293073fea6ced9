/** `npm run fuzz [-- SECONDS [SEED]]`: the same for as long as one likes, from a seed of the clock unless told. */
import { startGoverned } from '../../kit/governed.ts';
import { fuzz } from './fuzz.ts';

async function main(): Promise<void> {
  const [seconds = '600', seed = String(Date.now() % 1_000_000_000)] = process.argv.slice(2);
  const governed = await startGoverned({ environment: 'production' });
  process.stdout.write(`${seconds} s from seed ${seed}\n`);
  try {
    const report = await fuzz({ url: governed.url(), seed: Number(seed), millis: Number(seconds) * 1_000 });
    process.stdout.write(
      `${JSON.stringify(report)}\n${Math.round(process.memoryUsage().rss / 1024 / 1024)} MB resident\n`,
    );
  } finally {
    await governed.stop();
  }
}

void main();
