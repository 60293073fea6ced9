/** Which procedural languages the server confines, and which can do what the server's operating system user can. */

/** Trusted by default where they are installed (manual 40 to 44; `pg_language.lanpltrusted`). */
const trustedLanguages = new Set([
  'sql',
  'plpgsql',
  'plperl',
  'pltcl',
  'plv8',
  'plls',
  'plcoffee',
  'pllua',
  'plrust',
]);

/** A language that is not known counts as untrusted. */
export function languageTrust(name: string): 'trusted' | 'untrusted' {
  return trustedLanguages.has(name) ? 'trusted' : 'untrusted';
}
