/** What a collector's address may be, wherever it comes from: a link, a setting, a person's typing. */

export type CollectorAddress =
  | {
      readonly kind: 'valid';
      /** Without a slash at its end. */
      readonly url: string;
      /** For people: name and port, in punycode where the name is not ASCII, so that no letter looks like another. */
      readonly host: string;
    }
  | {
      readonly kind: 'refused';
      /** A full sentence that repeats nothing of the text. */
      readonly why: string;
    };

const longestAddress = 2_000;

export function readCollectorAddress(text: string): CollectorAddress {
  if (text.length > longestAddress)
    return refuse(`The collector's address is longer than ${longestAddress} characters.`);
  // URL drops tabs and line ends silently, and takes backslashes for slashes: what is shown must be what was given.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s\\]/u.test(text))
    return refuse("The collector's address holds spaces, backslashes or invisible characters.");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\/[^/]/i.test(text))
    return refuse("The collector's address must start with https:// and name a host.");
  if (text.includes('@') || url.username !== '' || url.password !== '')
    return refuse("The collector's address must not hold a user name or password.");
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text))
    return refuse("The collector's address must end with its path, without ? or #.");
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return refuse('The collector must be reached by https://; plain http:// is for this machine alone.');
  return { kind: 'valid', url: url.href.replace(/\/+$/, ''), host: url.host };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function refuse(why: string): CollectorAddress {
  return { kind: 'refused', why };
}
