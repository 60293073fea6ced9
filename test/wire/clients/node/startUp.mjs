/** What clients of Node.js read of a database: `startUp.mjs MODULES CLIENT URL`, with the folder that holds node_modules; one line or part per result. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, client, url] = process.argv.slice(2);
const require = createRequire(`${modules}/`);

function say(name, value) {
  console.log(name, typeof value === 'string' ? value : JSON.stringify(value));
}

/** `prisma db pull`, `prisma migrate status` and `prisma migrate diff`: the schema engine, made for WebAssembly by Prisma. */
async function prisma() {
  const engine = await loadSchemaEngine();
  const { PrismaPg } = require('@prisma/adapter-pg');
  const { bindMigrationAwareSqlAdapterFactory } = require('@prisma/driver-adapter-utils');
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => say('panic', message) };
  const datasource = (schemas) =>
    `generator client {\n  provider = "prisma-client"\n  previewFeatures = ["views", "partialIndexes"]\n}\n\ndatasource db {\n  provider = "postgresql"\n${schemas ? `  schemas = ${JSON.stringify(schemas)}\n` : ''}}\n`;
  for (const schemas of [undefined, ['public', 'depot']]) {
    const files = [{ path: 'schema.prisma', content: datasource(schemas) }];
    const opened = await engine.SchemaEngine.new(
      { datamodels: files.map(({ path, content }) => [path, content]) },
      () => {},
      bindMigrationAwareSqlAdapterFactory(readingChars(new PrismaPg(url))),
    );
    say('version', await opened.version(null));
    await opened.ensureConnectionValidity({ datasource: { tag: 'Schema', files, configDir: '/' } });
    const pulled = await opened.introspect({
      schema: { files },
      baseDirectoryPath: '/',
      force: true,
      compositeTypeDepth: -1,
      namespaces: schemas ?? null,
    });
    say('pulled', pulled.schema.files.map(({ content }) => content).join('\n'));
    say('warnings', pulled.warnings ?? '');
    const filters = { externalTables: [], externalEnums: [] };
    const migrationsList = {
      baseDir: '/',
      lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
      migrationDirectories: [],
      shadowDbInitScript: '',
    };
    say(
      'status',
      await opened.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters }),
    );
    const to = { tag: 'schemaDatamodel', files: pulled.schema.files };
    const from = { tag: 'schemaDatasource', files, configDir: '/' };
    say('diff', (await opened.diff({ from, to, script: true, exitCode: null, filters })).stdout ?? '');
    opened.free();
  }
}

/** The catalogs' type "char" (18) is not on this adapter's list; the engine wants it as a Character (6), not as Text. */
function readingChars(factory) {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const performIO = adapter.performIO.bind(adapter);
    const queryRaw = adapter.queryRaw.bind(adapter);
    const chars = new WeakMap();
    adapter.performIO = async (query) => {
      const result = await performIO(query);
      chars.set(
        query,
        result.fields.map(({ dataTypeID }) => dataTypeID === 18),
      );
      for (const field of result.fields) if (field.dataTypeID === 18) field.dataTypeID = 1042;
      return result;
    };
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      return {
        ...result,
        columnTypes: result.columnTypes.map((type, index) => (chars.get(query)?.[index] ? 6 : type)),
      };
    };
    return adapter;
  };
  return factory;
}

async function loadSchemaEngine() {
  const path = require.resolve('@prisma/schema-engine-wasm').replace(/[^/]*$/, 'schema_engine_bg');
  const glue = await import(pathToFileURL(`${path}.js`));
  const imports = { './schema_engine_bg.js': glue };
  const { instance } = await WebAssembly.instantiate(readFileSync(`${path}.wasm`), imports);
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start?.();
  return glue;
}

async function typeorm() {
  require('reflect-metadata');
  const { DataSource, EntitySchema } = require('typeorm');
  const Order = new EntitySchema({
    name: 'Order',
    tableName: 'orders',
    columns: {
      id: { type: 'int', primary: true, generated: true },
      customer_id: { type: 'int' },
      status: { type: 'text', default: 'pending' },
      total: { type: 'numeric', precision: 12, scale: 2 },
    },
  });
  const source = new DataSource({ type: 'postgres', url, entities: [Order], installExtensions: false });
  await source.initialize();
  const runner = source.createQueryRunner();
  say('databases', await runner.getDatabases());
  say('schemas', await runner.getSchemas());
  say('current', [
    await runner.getCurrentDatabase(),
    await runner.getCurrentSchema(),
    await runner.hasTable('orders'),
  ]);
  const shorten = ({ name, columns, indices, foreignKeys, uniques, checks, exclusions, comment }) => ({
    name,
    columns,
    comment,
    indices: indices.map(({ name, columnNames, isUnique, where }) => [name, columnNames, isUnique, where]),
    foreignKeys: foreignKeys.map(({ name, columnNames, referencedTableName, onDelete }) => [
      name,
      columnNames,
      referencedTableName,
      onDelete,
    ]),
    uniques: uniques.map(({ name }) => name),
    checks: checks.map(({ name, expression }) => [name, expression]),
    exclusions: exclusions.map(({ name, expression }) => [name, expression]),
  });
  // Without names, and for generated columns, it would ask for a table of its own, which nobody has made.
  const tables = await runner.getTables(['customers', 'orders', 'order_items', 'payments', 'depot.moves']);
  for (const table of tables.sort((a, b) => a.name.localeCompare(b.name))) say('table', shorten(table));
  // What `synchronize` and `migration:generate` would do: asked, not done.
  say(
    'would change',
    (await source.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query),
  );
  await runner.release();
  const orders = source.getRepository('Order');
  say('found', await orders.find({ where: { status: 'paid' }, order: { id: 'ASC' }, take: 3 }));
  say(
    'counted',
    await orders.findAndCount({ where: { customer_id: 5 }, select: { id: true }, order: { id: 'ASC' } }),
  );
  say(
    'summed',
    await orders
      .createQueryBuilder('o')
      .select('o.status', 's')
      .addSelect('SUM(o.total)', 't')
      .groupBy('o.status')
      .orderBy('o.status')
      .getRawMany(),
  );
  await source.transaction('SERIALIZABLE', async (manager) =>
    say('locked', await manager.findOne('Order', { where: { id: 1 }, lock: { mode: 'pessimistic_write' } })),
  );
  await source.destroy();
}

async function sequelize() {
  const { Sequelize, DataTypes, Transaction } = require('sequelize');
  const database = new Sequelize(url.replace('postgres:', 'postgresql:'), {
    logging: false,
    pool: { max: 2 },
  });
  await database.authenticate();
  const asked = database.getQueryInterface();
  say('version', await database.databaseVersion());
  say('schemas', await asked.showAllSchemas());
  say(
    'tables',
    (await asked.showAllTables()).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
  );
  say('exists', await asked.tableExists('orders'));
  for (const table of ['customers', 'orders', 'order_items', 'payments']) {
    say(table, await asked.describeTable(table));
    say(table, await asked.showIndex(table));
    say(table, await asked.showConstraint(table));
    say(table, await asked.getForeignKeyReferencesForTable(table));
  }
  say('shelves', await asked.describeTable({ tableName: 'shelves', schema: 'depot' }));
  const Customer = database.define('customer', { country: DataTypes.CHAR(2) }, { timestamps: false });
  const Order = database.define(
    'order',
    { status: DataTypes.TEXT, total: DataTypes.DECIMAL(12, 2) },
    { timestamps: false },
  );
  Order.belongsTo(Customer, { foreignKey: 'customer_id' });
  say(
    'found',
    await Order.findAll({ where: { status: 'paid' }, order: ['id'], limit: 3, include: Customer, raw: true }),
  );
  say(
    'counted',
    await Order.findAndCountAll({
      where: { total: { [Sequelize.Op.gt]: 100 } },
      order: ['id'],
      limit: 1,
      raw: true,
    }),
  );
  await database.transaction(
    { isolationLevel: Transaction.ISOLATION_LEVELS.REPEATABLE_READ },
    async (transaction) =>
      say('locked', await Order.findByPk(1, { transaction, lock: true, skipLocked: true, raw: true })),
  );
  await database.close();
}

async function knex() {
  const database = require('knex')({
    client: 'pg',
    connection: url,
    pool: { min: 0, max: 2 },
    searchPath: ['public', 'depot'],
  });
  for (const table of ['customers', 'orders', 'order_items', 'shelves']) {
    say(table, [await database.schema.hasTable(table), await database.schema.hasColumn(table, 'id')]);
    say(table, await database(table).columnInfo());
  }
  say(
    'found',
    await database('orders').where({ status: 'paid' }).orderBy('id').limit(3).select('id', 'total'),
  );
  say(
    'joined',
    await database('orders as o')
      .join('customers as c', 'c.id', 'o.customer_id')
      .where('c.country', 'FR')
      .count(),
  );
  await database.transaction(
    async (transaction) =>
      say('locked', await transaction('orders').where({ id: 1 }).forUpdate().skipLocked().select('id')),
    { isolationLevel: 'repeatable read' },
  );
  say(
    'migrations',
    await database.migrate
      .list({ directory: modules, loadExtensions: ['.none'] })
      .catch((error) => error.message),
  );
  await database.destroy();
}

await { prisma, typeorm, sequelize, knex }[client]();
