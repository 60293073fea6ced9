/** What the name of an environment means to people. */

/** As the default policies see it: what is neither staging nor development counts as production. */
export function isProduction(environment: string): boolean {
  return environment !== 'staging' && environment !== 'development';
}
