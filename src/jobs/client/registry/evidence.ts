import {
  type GateEvaluation,
  type GateEvidence,
  judge,
  type Requirement,
} from '../../../planning/promotions.js';
import { findEvidence, readAlias } from '../../store/aliases.js';
import type { StoredVerdict } from '../../store/columns.js';
import type { Queryable } from '../../store/connection/database.js';

export interface Candidate {
  readonly tenant: string;
  readonly modelName: string;
  readonly modelId: string;
}

/** The verdicts of a model's evaluations on each requirement of a rule. */
export async function judgeAll(
  db: Queryable,
  candidate: Candidate,
  requirements: readonly Requirement[],
): Promise<StoredVerdict[]> {
  const verdicts: StoredVerdict[] = [];
  for (const requirement of requirements) {
    const verdict = judge(requirement, await evidenceFor(db, candidate, requirement));
    verdicts.push({ requirement, ...verdict });
  }
  return verdicts;
}

async function evidenceFor(
  db: Queryable,
  { tenant, modelName, modelId }: Candidate,
  requirement: Requirement,
): Promise<GateEvidence> {
  const of = async (id: string): Promise<GateEvaluation | null> => {
    const row = await findEvidence(db, tenant, id, requirement);
    if (row === null) return null;
    return { id: row.id, sha256: row.datasetSha256, value: row.figures?.[requirement.metric] ?? null };
  };
  const candidate = await of(modelId);
  if (requirement.not_worse_than === null) return { candidate, champion: null };
  const rival = await readAlias(db, { tenant, modelName, alias: requirement.not_worse_than });
  return { candidate, champion: rival.modelId === null ? 'no_model' : await of(rival.modelId) };
}
