/** What breaks while people work: windows, the proxy, the collector, ports. Nothing is lost, and somebody says so. */
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import type { ProxyStatus } from '../../proxy/control/messages.ts';
import { Editor } from '../kit/workbench/driver.ts';
import { Company, countJournal, type Person, proxyStatus, runStatementAt, whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

const workSql = `SELECT 'first' AS answer;

SELECT 'second' AS answer;

SELECT 'third' AS answer;

UPDATE orders SET status = 'paid' WHERE id = 1;
`;

describe.skipIf(reason !== undefined)('mishaps', { timeout: 150_000 }, () => {
  let company: Company;
  let dev: Person;

  beforeAll(async () => {
    company = await Company.found();
    dev = await company.hire('dev', { 'work.sql': workSql });
    await company.join(dev);
    await dev.editor.openFile('work.sql');
  }, 180_000);
  afterAll(() => company?.close(), 60_000);

  const see = () => onTestFailed(async () => console.error(await dev.editor.evidence()));
  const grid = () => dev.editor.webview('Results');
  const says = async (text: string | RegExp) => (await grid()).getByText(text).first().waitFor();
  /** Runs it and waits for its one cell. */
  const answers = async (statement: string) => {
    await runStatementAt(dev.editor, `'${statement}'`);
    await (await grid()).getByRole('gridcell', { name: statement, exact: true }).first().waitFor();
  };
  const running = async (isOther: (status: ProxyStatus) => boolean = () => true) => {
    const status = await dev.editor.until(
      'a running proxy',
      () => proxyStatus(dev),
      (found) => found?.state === 'running' && isOther(found),
    );
    if (status === undefined) throw new Error('there is no proxy');
    return status;
  };
  const everythingIsAtTheCollector = () =>
    dev.editor.until(
      'all events at the collector',
      async () => ({ here: await countJournal(dev), there: await company.countEvents(dev.email) }),
      ({ here, there }) => here > 0 && here === there,
      60_000,
    );

  it('keeps the proxy and the sign-in when the window is loaded again', async () => {
    see();
    await answers('first');
    const before = await running();
    await dev.editor.open();
    await dev.editor.statusBarItem(`${dev.email} · production`).waitFor();
    expect((await running()).pid).toBe(before.pid);
    await dev.editor.openFile('work.sql');
    await answers('second');
  });

  it('shares one proxy among the windows of a person', async () => {
    see();
    const { pid } = await running();
    const page = await dev.editor.page.context().newPage();
    const second = new Editor(page, dev.workbench, process.env['PORTCULLIS_SCREENSHOTS'] ?? tmpdir());
    await second.open();
    await second.statusBarItem(`${dev.email} · production`).waitFor();
    expect((await running()).pid).toBe(pid);
    await page.close();
    expect((await running()).pid).toBe(pid);
    await answers('first');
  });

  it('starts a killed proxy again, signs in by itself, and says what became of the waiting statement', async () => {
    see();
    const before = await running();
    const [order] = await company.direct('SELECT status FROM orders WHERE id = 1');
    await runStatementAt(dev.editor, "'paid'");
    await says('Waiting for approval');
    process.kill(before.pid, 'SIGKILL');
    await says(/The connection was lost/);
    await says(/was waiting for approval: it ran only if Activity lists it/);
    await dev.editor.screenshot('killed');
    const after = await running(({ pid }) => pid !== before.pid);
    expect(after.access?.port).toBe(before.access?.port);
    await dev.editor.statusBarItem(`${dev.email} · production`).waitFor();
    await answers('second');
    expect(await company.direct('SELECT status FROM orders WHERE id = 1')).toEqual([order]);
    await everythingIsAtTheCollector();
  });

  it('tells that the proxy is coming back, not that nobody is signed in, to who runs a statement meanwhile', async () => {
    see();
    // Each kill makes the pause before the next start longer.
    let pid = 0;
    for (let kill = 0; kill < 4; kill += 1) {
      const killed = await running((status) => status.pid !== pid);
      pid = killed.pid;
      process.kill(pid, 'SIGKILL');
    }
    await runStatementAt(dev.editor, "'third'");
    const said = await dev.editor.waitForNotification('The statement was not run');
    expect(said).toContain('proxy');
    expect(said).not.toContain('Nobody is signed in');
    await dev.editor.screenshot('killed-again-and-again');
    await running((status) => status.pid !== pid);
    await dev.editor.statusBarItem(`${dev.email} · production`).waitFor();
    await answers('third');
  });

  it('goes on without the collector, says that events wait, and sends them when it is back', async () => {
    see();
    const { editor } = dev;
    await answers('first');
    await editor.showContainer('Portcullis');
    await company.leave();
    // The database went with it: the statement fails, in words, and is recorded.
    await runStatementAt(editor, "'second'");
    await says(/cannot be reached|connection|lost/i);
    await editor.screenshot('collector-away-statement');
    await editor.until(
      'the trouble in Activity',
      () => editor.tree('Activity'),
      ([first = '']) => /events? waits? to be sent: the collector at .* cannot be reached/.test(first),
      60_000,
    );
    await editor.screenshot('collector-away');
    await company.comeBack();
    await editor.until(
      'no trouble in Activity',
      () => editor.tree('Activity'),
      ([first = '']) => first.includes('All events are at the collector'),
      90_000,
    );
    await everythingIsAtTheCollector();
    await answers('third');
  });

  it('comes up by itself when the proxy was killed while the collector was away', async () => {
    see();
    const { pid } = await running();
    await company.leave();
    process.kill(pid, 'SIGKILL');
    await dev.editor.until(
      'a proxy that waits for its collector',
      () => proxyStatus(dev),
      (status) => status !== undefined && status.pid !== pid && status.problem !== undefined,
    );
    await runStatementAt(dev.editor, "'second'");
    const said = await dev.editor.waitForNotification('The statement was not run');
    expect(said).toContain('cannot be reached');
    await dev.editor.screenshot('collector-away-at-start');
    await company.comeBack();
    await dev.editor.statusBarItem(`${dev.email} · production`).waitFor({ timeout: 90_000 });
    await answers('second');
    await everythingIsAtTheCollector();
  });

  it('takes another port where the kept one is taken, and console and terminal follow', async () => {
    see();
    const { editor } = dev;
    const { access } = await running();
    const port = access?.port ?? 0;
    await editor.runCommand('Portcullis: Sign Out');
    await editor.statusBarItem('Portcullis: sign in').waitFor();
    const intruder = await listenAt(port);
    try {
      await editor.runCommand('Portcullis: Sign In');
      await company.logIn(dev);
      const now = await running();
      expect(now.access?.port).not.toBe(port);
      await editor.openFile('work.sql');
      await answers('first');
      await editor.openTerminal();
      await editor.typeInTerminal("psql -Atc \"SELECT 'by' || 'terminal'\"");
      await editor.until(
        'psql at the other port',
        () => editor.terminalText(),
        (text) => text.includes('byterminal'),
      );
    } finally {
      await new Promise((resolve) => intruder.close(resolve));
    }
  });
});

function listenAt(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
