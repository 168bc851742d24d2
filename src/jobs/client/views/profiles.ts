import type { components } from '../../../contract/generated/openapi.js';
import type { NetworkProfile, PassSeconds } from '../../../contract/network-profile.js';
import { rounded } from '../../../planning/forecast/layouts.js';
import type * as Rows from '../../store/rows.js';

type Schemas = components['schemas'];

export function toProfile(row: Rows.Profile): Schemas['Profile'] {
  const { result } = row;
  const parts = result ? partsOf(result) : [];
  const passes = parts.reduce((sum, [, { forward, backward }]) => sum + forward + backward, 0);
  return {
    id: row.id,
    object: 'profile',
    state: row.state,
    device_kind: row.deviceKind,
    device: row.device,
    batch_size: row.spec.batch_size,
    step_seconds: result && rounded(passes + result.update * result.parameters),
    parts: parts.map(([name, { forward, backward }]) => ({
      name,
      forward_seconds: rounded(forward),
      backward_seconds: rounded(backward),
    })),
    error: row.error,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
    links: { self: `/profiles/${row.id}` },
  };
}

function partsOf({ stem, blocks, head }: NetworkProfile): [name: string, PassSeconds][] {
  return [
    ['stem', stem],
    ...blocks.map((block, index): [string, PassSeconds] => [`block ${index}`, block]),
    ['head', head],
  ];
}
