import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { components } from '../../src/contract/generated/openapi.js';
import { call, type RunningService, upload } from '../service.js';

type Schemas = components['schemas'];

/**
 * The dataset of this name, uploaded from `file` where the service has none.
 * @throws Error where it has none and there is no file, or the file is no dataset
 */
export async function datasetNamed(
  service: RunningService,
  name: string,
  file: string | null,
): Promise<Schemas['Dataset']> {
  const { data } = await call<Schemas['DatasetList']>(service, '/datasets');
  const known = data.find((dataset) => dataset.name === name);
  if (known?.state === 'ready') return known;
  if (file === null)
    throw new Error(`the study needs its images: npm run study -- --file cifar10-images.zip`);
  return await upload(service, name, await openAsBlob(file), basename(file));
}
