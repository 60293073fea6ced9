/** psql's own commands: each asks the catalogs something, in the words of psql itself. */

/** By what they are about; each group runs in one psql. */
export const psqlCommands: Readonly<Record<string, string>> = {
  relations: `
\\d
\\d+
\\dS+ pg_class
\\d customers
\\d+ customers
\\d depot.*
\\d+ depot.shelves
\\d+ depot.moves
\\d+ depot.moves_2026
\\d+ depot.child
\\d+ depot.parent
\\d depot.tickets
\\d+ depot.shelves_pkey
\\d+ customer_orders
\\d+ monthly_revenue
\\d depot.place
\\d pg_stat_activity
\\d information_schema.columns
\\dt
\\dt+
\\dt *.*
\\dtS+ pg_catalog.pg_a*
\\di
\\di+ depot.*
\\dv+ *.*
\\dm+
\\ds+ depot.*
\\dE
\\dP+ depot.*
\\dPti depot.*
\\dtvmsE depot.*
`,
  'routines, types and operators': `
\\df
\\df depot.*
\\df+ depot.*
\\dfanptw depot.*
\\df depot.area numeric
\\dfS+ pg_catalog.lower
\\da depot.*
\\daS+ sum
\\dT
\\dT+ depot.*
\\dTS+ pg_catalog.int*
\\dD+ depot.*
\\do depot.*
\\doS+ pg_catalog.|| text
\\dc
\\dcS+ pg_catalog.utf8*
\\dC+
\\dO+ depot.*
\\dA+
\\dAc
\\dAf gin
\\dAo+ btree int4*
\\dAp+ hash
\\dL+
\\dLS+
\\sf depot.area
\\sf+ depot.touch
\\sv customer_orders
\\sv+ depot.calm
`,
  'schemas, roles and privileges': `
\\dn
\\dn+
\\dnS+
\\du
\\du+
\\dg
\\dgS+
\\dp
\\dp depot.*
\\z customers
\\ddp
\\drds
\\dX+ depot.*
\\dy+
\\dd
\\dd depot.*
\\ddS
\\dRp
\\dRp+
\\dx
\\dx+
\\dew+
\\des+
\\deu
\\det+
\\db
\\l
\\l demo
\\dl
\\dF
\\dF+ depot.*
\\dFd+
\\dFp+
\\dFt+
\\dconfig *
\\dconfig *work_mem
\\dconfig+ search_path
`,
  'the session': `
\\encoding
\\timing off
\\x auto
\\x off
\\pset null '(null)'
\\set ON_ERROR_ROLLBACK interactive
\\set
\\errverbose
SELECT id, label, width FROM depot.shelves \\gdesc
SELECT mood, filled, count(*) FROM depot.shelves GROUP BY 1, 2 ORDER BY 1, 2 \\crosstabview
SELECT format('SELECT %L', relname) FROM pg_class WHERE relnamespace = 'depot'::regnamespace AND relkind = 'r' ORDER BY 1 \\gexec
SELECT count(*) AS shelves FROM depot.shelves \\gset
\\echo :shelves
SELECT version() = version(), current_database(), current_schema(), current_user, session_user;
SHOW server_version_num;
SHOW transaction_isolation;
SHOW ALL;
\\ef depot.area
\\r
\\ev customer_orders
\\r
\\h SELECT
\\lo_list
\\! true
`,
};

/** Keys as they are typed: psql asks the catalogs for what may follow. Every statement is thrown away, or only reads. */
export const completions = `${[
  '\\d depot.sh\t',
  '\\dt depot.\t\t\\r',
  'SELECT * FROM depot.sh\t\t;',
  'SELECT * FROM feature_flags WHERE ena\t\\r',
  'SELECT cur\t\\r',
  'INSERT INTO prod\t\\r',
  'ALTER TABLE cust\tADD CONSTRAINT \t\\r',
  'ALTER TYPE depot.mo\tRENAME VALUE \t\\r',
  'DROP INDEX orders_c\t\t\\r',
  'SET search_p\tTO dep\t\\r',
  "SET TimeZone TO 'Europe/Ber\t\\r",
  '\\sf depot.ar\t',
  '\\c de\t\\r',
  'GRANT SELECT ON depot.sh\tTO port\t\\r',
  '\\q',
].join('\n')}\n`;
