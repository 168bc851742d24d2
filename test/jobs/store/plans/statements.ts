import pg from 'pg';

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** A node of a plan that was run. */
interface NodeRun extends PlanNode {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
}

export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
}

/** The statements that `ask` sends to tables, on any connection of this process. */
export async function sentBy(ask: () => Promise<unknown>): Promise<Statement[]> {
  const sent: Statement[] = [];
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [statement, values] = args as [Statement | string, unknown[]?];
    sent.push(typeof statement === 'string' ? { text: statement, values: values ?? [] } : statement);
    return Reflect.apply(query, this, args);
  } as typeof query;
  try {
    await ask();
  } finally {
    pg.Client.prototype.query = query;
  }
  return sent.filter(({ text }) => /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b/i.test(text));
}

/** Every node of the statement's plan. */
export async function planOf(sql: pg.Pool, { text, values = [] }: Statement): Promise<PlanNode[]> {
  const { rows } = await sql.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
  return nodesOf(rows[0]['QUERY PLAN'][0].Plan as PlanNode);
}

/** Blocks that one statement may touch: of the large tables each has thousands. */
export const MAX_BLOCKS = 500;

/** Blocks of tables and indexes that the statement touches when it is run again; nothing of it stays. */
export async function blocksOf(sql: pg.Pool, { text, values = [] }: Statement): Promise<number> {
  const client = await sql.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
    const { Plan } = rows[0]['QUERY PLAN'][0];
    return Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'];
  } catch (error) {
    // A row that is inserted again is there already; such a statement has looked at little else.
    if ((error as { code?: string }).code === UNIQUE_VIOLATION) return 0;
    throw error;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const UNIQUE_VIOLATION = '23505';

function nodesOf<Node extends PlanNode>(node: Node): Node[] {
  return [node, ...((node.Plans ?? []) as readonly Node[]).flatMap(nodesOf)];
}

/** Rows that all nodes of the plan go through when the statement is run, the tables read whole, and the time. */
export async function runOf(sql: pg.Pool, { text, values = [] }: Statement) {
  const { rows } = await sql.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
  const [{ Plan, 'Execution Time': ms }] = rows[0]['QUERY PLAN'];
  const nodes = nodesOf(Plan as NodeRun);
  const rowsSeen = nodes.reduce(
    (sum, node) => sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
    0,
  );
  return { rowsSeen, scanned: scannedIn(nodes), ms: ms as number, plan: JSON.stringify(Plan) };
}

/** Tables that the statement reads from their first row to their last. */
export async function scannedTables(sql: pg.Pool, statement: Statement): Promise<string[]> {
  return scannedIn(await planOf(sql, statement));
}

function scannedIn(nodes: readonly PlanNode[]): string[] {
  const scans = nodes.filter((node) => node['Node Type'] === 'Seq Scan');
  return [...new Set(scans.map((node) => node['Relation Name'] ?? ''))];
}

/** Tables of at least `rows` rows, as the planner knows them. */
export async function largeTables(sql: pg.Pool, rows: number): Promise<string[]> {
  const found = await sql.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= $1`,
    [rows],
  );
  return found.rows.map(({ relname }) => relname);
}
