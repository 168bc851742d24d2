import type { Layer, LocalHead } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { type TrainingContext, trainPass } from '../passes/index.js';
import { free, readScalar, type Tensor } from '../runtime/index.js';
import { type Reconstruction, reconstruction } from './index.js';
import { classificationObjective, type LocalObjective } from './local-objective.js';

/**
 * The local loss of a stage k < K-1 with a head: the cross-entropy of the head with the labels, through copies of later
 * stages if it has any (docs/method.md, "local-heads"). With a decoder, the relative squared error of the images that it makes
 * from the features of the stage is added with weight 1. The gradients of the head are added to those of the stage.
 */
export function headObjective(head: LocalHead, labelSmoothing: number): LocalObjective {
  const classify = classificationObjective(labelSmoothing);
  const classifier = [...head.copies, ...head.classifier];
  return (stageOutput, at, training) => {
    const { batch, stopwatch } = at;
    const pass = stopwatch.time('head', () => trainPass(classifier, stageOutput, training, true));
    const local = classify(pass.output, at, training);
    const throughClassifier = stopwatch.time('head', () => pass.pullback(local.cotangent)!);
    free(local.cotangent);
    const { decoder } = head;
    if (!decoder) return { ...local, cotangent: throughClassifier };
    const decoded = stopwatch.time('head', () => decode(decoder, stageOutput, batch.images, training));
    const cotangent = kernels.add(throughClassifier, decoded.throughDecoder);
    free(throughClassifier, decoded.throughDecoder);
    return {
      cotangent,
      measure: () => ({ loss: local.measure().loss + relativeError(decoded.made), violation: null }),
      dispose: () => {
        local.dispose();
        free(decoded.made.halfResidual, decoded.made.halfNorm);
      },
    };
  };
}

/** Resizes the features to the size of the images, decodes them, and pulls the error back. */
function decode(
  decoder: readonly Layer[],
  stageOutput: Tensor,
  images: Tensor,
  training: TrainingContext,
): { throughDecoder: Tensor; made: Reconstruction } {
  const [, height, width] = images.shape as [number, number, number, number];
  const resized = kernels.resizeBilinear(stageOutput, height, width);
  const pass = trainPass(decoder, resized, training, true);
  const made = reconstruction(pass.output, images);
  const throughConvolutions = pass.pullback(made.cotangent)!;
  const throughDecoder = kernels.resizeBilinearGradient(throughConvolutions, stageOutput);
  free(resized, throughConvolutions, made.cotangent);
  return { throughDecoder, made };
}

function relativeError({ halfResidual, halfNorm }: Reconstruction): number {
  return readScalar(halfResidual) / readScalar(halfNorm);
}
