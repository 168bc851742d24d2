import type { components } from '../../src/contract/generated/openapi.js';
import { call, type RunningService, upload } from '../service.js';
import { arraysOf } from './pool.js';
import type { Images } from './rows.js';

type Schemas = components['schemas'];

/**
 * The study's images by name, at 32x32 or at half their size: those of the service, or made of CIFAR-10's and uploaded.
 * @param file CIFAR-10 as an archive of train/<class>/... and test/<class>/...
 * @throws Error where the service has none and there is no file, or the file is no such archive
 */
export async function datasetNamed(
  service: RunningService,
  name: Images,
  file: string | null,
): Promise<Schemas['Dataset']> {
  const { data } = await call<Schemas['DatasetList']>(service, '/datasets');
  const known = data.find((dataset) => dataset.name === name);
  if (known?.state === 'ready') return known;
  if (file === null)
    throw new Error(`the study needs its images: npm run study -- --file cifar10-images.zip`);
  return await upload(service, name, new Blob([await arraysOf(file, name !== 'cifar10')]), 'images.npz');
}
