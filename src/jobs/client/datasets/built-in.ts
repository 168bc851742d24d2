import { IMPORT_DEFAULTS } from '../../../contract/importer-protocol.js';
import type { Database } from '../../store/connection/database.js';
import { EVERYBODY } from '../../store/dataset-facts.js';
import { insertImport } from '../../store/dataset-imports.js';
import { lockDataset, setValidating } from '../../store/datasets.js';
import { newId } from '../../store/ids.js';

/**
 * Begins the import of a built-in dataset that is used for the first time, or could not be imported. It happens once for
 * all tenants, in the turn of the tenant that asks first.
 */
export async function importBuiltIn(db: Database, tenant: string, id: string): Promise<void> {
  await db.$transaction(async (tx) => {
    const dataset = await lockDataset(tx, EVERYBODY, id);
    if (dataset === null || dataset.import !== null || dataset.state === 'ready') return;
    await setValidating(tx, id);
    const source = { kind: 'built_in', name: dataset.name } as const;
    await insertImport(tx, { id: newId('import'), datasetId: id, tenant, source, options: IMPORT_DEFAULTS });
  });
}
