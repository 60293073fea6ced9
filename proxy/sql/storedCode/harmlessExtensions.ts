/** Extensions whose functions in C compute values from their arguments and do nothing else. */

/**
 * Reviewed by hand, of those that come with PostgreSQL 13 to 18 or are widely used: none writes, reads a file or the
 * network, or runs a text that it is given. The manifest of functions is asked first, and their functions in SQL and
 * PL/pgSQL are read like any other. An extension that is not here is opaque.
 */
export const harmlessExtensions: ReadonlySet<string> = new Set(
  `address_standardizer bloom btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance fuzzystrmatch hll hstore
  intarray ip4r isn ltree pg_trgm pg_uuidv7 pgcrypto plpgsql postgis seg semver tsm_system_rows tsm_system_time unaccent
  uuid-ossp vector`.split(/\s+/),
);
