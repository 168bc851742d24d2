import type { Schemas } from '../../server.js';

type Batch = Schemas['BatchPrediction'];

/** Name of the images for people. */
export const imagesOf = ({ dataset, split }: Batch['input']): string =>
  dataset === null ? 'Pictures of an upload' : `${split} of ${dataset.name}`;

/** 0 until an upload is unpacked. */
export const shareDone = ({ done, total }: Batch['counts']): number => (total === 0 ? 0 : done / total);
