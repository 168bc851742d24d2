import type { BlobUri } from '../../../contract/blob-uri.js';
import type { ModelVariantName } from '../../../contract/client/models.js';
import { StrataError } from '../../../contract/errors.js';
import type { ServedModel } from '../../store/models.js';

/** The ONNX file of a network. @throws StrataError model_not_served */
export function servedFile({ serving }: Pick<ServedModel, 'serving'>, variant: ModelVariantName): BlobUri {
  const uri = serving[variant];
  if (uri !== undefined) return uri;
  const served = Object.keys(serving);
  const has =
    served.length === 0 ? 'The model has no such file any more' : `Available variants: ${served.join(', ')}`;
  throw new StrataError('model_not_served', `The model has no file for its ${variant} network. ${has}.`);
}
