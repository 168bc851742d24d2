import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

const FILTERS = { externalTables: [], externalEnums: [] };

const ok = <T>(value: T) => ({ ok: true as const, value });
const noRows = async () => ok({ columnNames: [], columnTypes: [], rows: [] });

/** A database that is always empty: the engine greets one when it starts, and the diff of two files asks no more. */
const EMPTY_DATABASE = {
  provider: 'postgres',
  adapterName: 'none',
  queryRaw: noRows,
  executeRaw: async () => ok(0),
  executeScript: async () => ok(undefined),
  startTransaction: () => Promise.reject(new Error('the schema diff must not need a transaction')),
  getConnectionInfo: () => ok({ supportsRelationJoins: true, schemaName: 'public' }),
  dispose: async () => ok(undefined),
};
const ADAPTER = {
  provider: 'postgres',
  adapterName: 'none',
  connect: async () => ok(EMPTY_DATABASE),
  connectToShadowDb: () => Promise.reject(new Error('the schema diff must not need a shadow database')),
};

/** The schema of a database before the first migration. */
const EMPTY_SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n';

// Node's own; the compiler knows it only together with the browser's types.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: WasmExports } }>;
};
interface WasmExports {
  __wbindgen_start(): void;
}

let loading: Promise<void> | undefined;

/** Once: the bindings keep one instance in a variable of their module. */
function loadEngine(): Promise<void> {
  loading ??= (async () => {
    const require = createRequire(import.meta.url);
    const entry = require.resolve('@prisma/schema-engine-wasm');
    const bytes = await readFile(entry.replace(/schema_engine\.js$/, 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } });
    bindings.__wbg_set_wasm(instance.exports);
    instance.exports.__wbindgen_start();
  })();
  return loading;
}

const datamodel = (content: string) => ({
  tag: 'schemaDatamodel' as const,
  files: [{ path: 'schema.prisma', content }],
});

/** SQL that takes a database from schema `from` (null: empty) to schema `to`, or null where they agree. */
export async function schemaDiff(from: string | null, to: string): Promise<string | null> {
  await loadEngine();
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [['schema.prisma', to]] },
    () => undefined,
    ADAPTER,
  );
  const result = await engine.diff({
    from: datamodel(from ?? EMPTY_SCHEMA),
    to: datamodel(to),
    script: true,
    exitCode: true,
    filters: FILTERS,
  });
  const EMPTY = 0;
  return result.exitCode === EMPTY ? null : (result.stdout ?? '');
}
