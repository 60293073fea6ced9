/** Join links: the honest ones are read, every hostile one is refused in words that repeat nothing of it. */
import { describe, expect, it } from 'vitest';
import { readCollectorAddress } from '../../../extension/kit/collectorAddress.ts';
import { readJoinLink } from '../../../extension/onboarding/readJoinLink.ts';

const link = (query: string, path = '/join') => readJoinLink({ path, query });

describe('a join link', () => {
  it.each([
    ['https://collector.example.com', 'https://collector.example.com', 'collector.example.com'],
    ['https://collector.example.com/', 'https://collector.example.com', 'collector.example.com'],
    [
      'https://Collector.Example.com:8443/team/a/',
      'https://collector.example.com:8443/team/a',
      'collector.example.com:8443',
    ],
    [
      'https%3A%2F%2Fcollector.example.com%2Fteam',
      'https://collector.example.com/team',
      'collector.example.com',
    ],
    ['http://localhost:7100', 'http://localhost:7100', 'localhost:7100'],
    ['http://127.0.0.1:7100', 'http://127.0.0.1:7100', '127.0.0.1:7100'],
    ['http://[::1]:7100', 'http://[::1]:7100', '[::1]:7100'],
  ])('gives the collector %s', (text, url, host) => {
    expect(link(`collector=${text}`)).toEqual({ kind: 'valid', url, host });
  });

  it('shows names that look like others in punycode', () => {
    // The a of the first is Cyrillic; the slash of the second is U+2215.
    expect(link('collector=https://ex\u0430mple.com')).toMatchObject({ host: 'xn--exmple-4nf.com' });
    const slash = link('collector=https://example.com\u2215evil.net');
    expect(slash).toMatchObject({ host: expect.stringMatching(/^example\.xn--[\x21-\x7e]+\.net$/) });
  });

  it('trusts nothing else in it', () => {
    expect(link('token=abc&collector=https://a.example&issuer=https://evil.example')).toEqual({
      kind: 'valid',
      url: 'https://a.example',
      host: 'a.example',
    });
  });

  it.each([
    ['javascript', 'javascript:alert(1)'],
    ['data', 'data:text/html,<script>'],
    ['file', 'file:///etc/passwd'],
    ['a command of the editor', 'command:workbench.action.quit'],
    ['plain http elsewhere', 'http://collector.example.com'],
    ['plain http to a name that starts as loopback does', 'http://127.0.0.1.evil.example'],
    ['plain http to a name under localhost', 'http://localhost.evil.example'],
    ['a user', 'https://user@evil.example'],
    ['a password', 'https://user:secret@evil.example'],
    ['a host as user', 'https://collector.example.com@evil.example'],
    ['an empty user', 'https://@evil.example'],
    ['an encoded user', 'https://collector.example.com%40evil.example'],
    ['a line end', 'https://collector.example.com%0a.evil.example'],
    ['a zero', 'https://collector.example.com%00'],
    ['a direction override', 'https://collector.example.com/\u202egro.live'],
    ['a zero-width space', 'https://coll\u200bector.example.com'],
    ['a space before', ' https://collector.example.com'],
    ['a backslash', 'https:\\\\evil.example'],
    ['no host', 'https:///'],
    ['one slash', 'https:/evil.example'],
    ['a query', 'https://collector.example.com/?next=https://evil.example'],
    ['a fragment', 'https://collector.example.com/#x'],
    ['nothing', ''],
    ['half a percent sign', 'https://collector.example.com/%E0%A4'],
    ['an impossible port', 'https://collector.example.com:99999'],
    ['3,000 characters', `https://collector.example.com/${'a'.repeat(3_000)}`],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('is refused with %s', (_name, text) => {
    const read = link(`collector=${text}`);
    expect(read.kind).toBe('refused');
    if (read.kind === 'refused') {
      expect(read.why).toMatch(/^(The|This) .*\.$/);
      expect(read.why).not.toMatch(/evil|secret|[^\x20-\x7e…]/);
    }
  });

  it('is refused with two collectors, with none, and under another path', () => {
    expect(link('collector=https://a.example&collector=https://b.example').kind).toBe('refused');
    expect(link('xcollector=https://a.example').kind).toBe('refused');
    expect(link('collector=https://a.example', '/run').kind).toBe('refused');
    expect(link('collector=https://a.example', '/join/').kind).toBe('valid');
  });
});

describe('an address typed by a person', () => {
  it('is refused beyond 2,000 characters', () => {
    expect(readCollectorAddress(`https://a.example/${'a'.repeat(1_982)}`).kind).toBe('valid');
    expect(readCollectorAddress(`https://a.example/${'a'.repeat(1_983)}`).kind).toBe('refused');
  });
});
