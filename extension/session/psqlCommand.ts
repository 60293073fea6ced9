/** The line that a terminal is given; its environment says where and as whom. */

/** A name that a shell, or libpq (manual 34.1.1), could take for more than a name is left to the user to type. */
export function psqlCommand(connection: string): string {
  return /^\w[\w.-]*$/.test(connection) ? `psql ${connection}` : 'psql';
}
