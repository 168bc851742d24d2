import type { ModelsClient } from '../../../../contract/client/models.js';
import type { SigningKey } from '../../../outgoing/signing-key.js';
import type { Database } from '../../../store/connection/database.js';
import { findJobOfModel } from '../../../store/jobs.js';
import { findModel } from '../../../store/models.js';
import { notFound } from '../../require-job.js';
import { toModel } from '../../views/model.js';
import { billOfMaterials } from './bill-of-materials.js';
import { signStatement } from './envelope.js';
import type { ModelFacts } from './facts.js';
import { statementOf } from './statement.js';

interface AttestationParts {
  readonly db: Database;
  readonly openSigningKey: () => Promise<SigningKey>;
}

export function attestationMethods(
  { db, openSigningKey }: AttestationParts,
  tenant: string,
): Pick<ModelsClient, 'getModelStatement' | 'getModelBillOfMaterials' | 'getSigningKey'> {
  return {
    async getModelStatement(id) {
      return signStatement(statementOf(await factsOf(db, tenant, id)), await openSigningKey());
    },
    async getModelBillOfMaterials(id) {
      return billOfMaterials(await factsOf(db, tenant, id));
    },
    async getSigningKey() {
      const { keyId, publicPem } = await openSigningKey();
      return { object: 'signing_key', key_id: keyId, algorithm: 'ed25519', public_key: publicPem };
    },
  };
}

async function factsOf(db: Database, tenant: string, id: string): Promise<ModelFacts> {
  const row = (await findModel(db, tenant, id)) ?? notFound(id);
  const { spec, startedAt, finishedAt } = await findJobOfModel(db, row.jobId);
  const files = row.artifacts.map(({ name, sha256 }) => ({ name, sha256 }));
  return { model: toModel(row), spec, startedAt, finishedAt, files };
}
