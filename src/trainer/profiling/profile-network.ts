import type { NetworkProfile, PassAtBoundary } from '../../contract/network-profile.js';
import type { ResolvedSpec } from '../../contract/spec.js';
import {
  type Layer,
  type NetworkDescription,
  parameterCount,
  wholeNetwork,
  work,
} from '../../network/index.js';
import { valuesOf } from '../../planning/costs/index.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { classificationLoss, coupling } from '../objective/index.js';
import type { TrainingContext } from '../passes/index.js';
import { free, type Tensor, undoOnError } from '../runtime/index.js';
import type { Clock } from '../training/index.js';
import { type Bench, openBench } from './bench.js';
import type { Boundary } from './boundaries.js';
import { timeMessage } from './messages.js';
import { Samples } from './samples.js';
import { timedPass, waitForDevice } from './timed-pass.js';

export interface ProfileOptions {
  readonly network: NetworkDescription;
  readonly spec: ResolvedSpec;
  readonly blobs: BlobStore;
  /** Key of the file for the messages. */
  readonly spoolKey: string;
  readonly now: Clock;
  /** Awaited between parts. `share` is the finished share of the whole, 0..1. */
  readonly betweenSteps: (share: number) => Promise<void>;
}

/** Number of walks through the network. The first one is not counted, because kernels and memory are cold. */
const WALKS = 6;
/** Minimum number of walks. After a time limit, no further walk is started, for large networks on slow devices. */
const MIN_WALKS = 3;
const MAX_SECONDS = 60;

/**
 * Measures the parts of a network on this device on noise, as training steps run them: the stem, every block and
 * the head, forward and backward, one after another; AuxNets, local heads, coupling losses and messages at some
 * boundaries; and the update of all parameters. Only the activations of one part are in memory at a time, so
 * networks that fit only in stages can be measured, too. Medians of up to `WALKS` - 1 walks.
 */
export async function profileNetwork(options: ProfileOptions): Promise<NetworkProfile> {
  const { network, spec, now } = options;
  const begun = now();
  const bench = undoOnError(() => openBench(network, spec));
  try {
    let samples = new Samples();
    for (let walk = 0; walk < WALKS; walk++) {
      if (walk >= MIN_WALKS && now() - begun > 1000 * MAX_SECONDS) break;
      if (walk === 1) samples = new Samples();
      await new Walk(bench, options, samples).walk((share) => options.betweenSteps((walk + share) / WALKS));
    }
    return summarize(samples, network, bench.boundaries, spec.batch_size);
  } finally {
    bench.dispose();
  }
}

class Walk {
  readonly #gradients = new Map<string, Tensor>();

  constructor(
    private readonly bench: Bench,
    private readonly options: ProfileOptions,
    private readonly samples: Samples,
  ) {}

  async walk(betweenSteps: (share: number) => Promise<void>): Promise<void> {
    const { bench, samples } = this;
    const parts = partsOf(this.options.network);
    let features = bench.images;
    try {
      for (const [index, { name, layers }] of parts.entries()) {
        const output = undoOnError(() => this.#passThrough(name, layers, features));
        if (features !== bench.images) free(features);
        features = output;
        const boundary = bench.boundaries.find(({ blocks }) => blocks === index);
        if (boundary) await this.#timeBoundary(boundary, features);
        await betweenSteps((index + 1) / parts.length);
      }
      // With a rate of 0, so that every walk uses the same weights.
      samples.add(
        'update',
        this.#seconds(() => bench.optimizer.step(this.#gradients, 0)),
      );
    } finally {
      if (features !== bench.images) free(features);
      free(...this.#gradients.values());
    }
  }

  /** Measures a part of the network. @returns its output; the caller must free it */
  #passThrough(name: string, layers: readonly Layer[], input: Tensor): Tensor {
    const { spec, now } = this.options;
    const isHead = name === HEAD;
    const { seconds, output } = timedPass(layers, input, this.#context(this.bench.optimizer.weights), {
      now,
      wantsInputGradient: name !== STEM,
      ...(isHead && { cotangentOf: (logits) => this.#lossOf(logits, spec.label_smoothing) }),
    });
    this.samples.addPass(name, seconds);
    return output;
  }

  #lossOf(logits: Tensor, labelSmoothing: number): Tensor {
    const { cotangent, losses } = classificationLoss(logits, this.bench.labels, labelSmoothing);
    free(losses);
    return cotangent;
  }

  async #timeBoundary({ blocks, auxiliary, head }: Boundary, features: Tensor): Promise<void> {
    const { samples } = this;
    const { spec, now, blobs, spoolKey } = this.options;
    undoOnError(() => {
      for (const [name, layers, input] of [
        [auxiliaryAt(blocks), auxiliary, this.bench.images],
        [headAt(blocks), head, features],
      ] as const) {
        const context = this.#context(this.bench.weightsBeside);
        const wantsInputGradient = input === features;
        const { seconds, output } = timedPass(layers, input, context, { now, wantsInputGradient });
        free(output, ...context.gradients.values());
        context.gradients.clear();
        samples.addPass(name, seconds);
      }
      const couple = () => coupling(features, features, features, { beta: 1 });
      samples.add(
        couplingAt(blocks),
        this.#seconds(() => free(...Object.values(couple()))),
      );
    });
    const { send, receive } = await timeMessage(features, spec.method.corrections, {
      blobs,
      key: spoolKey,
      now,
    });
    samples.add(sendAt(blocks), send);
    samples.add(receiveAt(blocks), receive);
  }

  #context(weights: TrainingContext['weights']): TrainingContext {
    const { seed, precision } = this.options.spec;
    const gradients = weights === this.bench.weightsBeside ? new Map<string, Tensor>() : this.#gradients;
    return { weights, gradients, precision, draw: { seed, step: 0 } };
  }

  #seconds(body: () => void): number {
    const { now } = this.options;
    const begun = now();
    body();
    waitForDevice();
    return (now() - begun) / 1000;
  }
}

const STEM = 'stem';
const HEAD = 'head';
const blockAt = (index: number): string => `block ${index}`;
const auxiliaryAt = (boundary: number): string => `AuxNet at ${boundary}`;
const headAt = (boundary: number): string => `local head at ${boundary}`;
const couplingAt = (boundary: number): string => `coupling at ${boundary}`;
const sendAt = (boundary: number): string => `message from ${boundary}`;
const receiveAt = (boundary: number): string => `message to ${boundary}`;

/** In order. Part number b, from 1, ends at boundary b. */
function partsOf(
  network: NetworkDescription,
): { readonly name: string; readonly layers: readonly Layer[] }[] {
  return [
    { name: STEM, layers: network.stem },
    ...network.blocks.map(({ layers }, index) => ({ name: blockAt(index), layers })),
    { name: HEAD, layers: network.head },
  ];
}

function summarize(
  samples: Samples,
  network: NetworkDescription,
  boundaries: readonly Boundary[],
  batch: number,
): NetworkProfile {
  const parameters = parameterCount(wholeNetwork(network));
  const values = boundaries.reduce((sum, { shape }) => sum + batch * valuesOf(shape), 0);
  /** Called only for networks with a boundary. */
  const perValue = (nameAt: (boundary: number) => string) =>
    values > 0 ? boundaries.reduce((sum, { blocks }) => sum + samples.median(nameAt(blocks)), 0) / values : 0;
  const beside = (
    nameAt: (boundary: number) => string,
    layersAt: (boundary: Boundary) => readonly Layer[],
  ): PassAtBoundary[] =>
    boundaries.map((boundary) => ({
      boundary: boundary.blocks,
      work: work(layersAt(boundary)),
      ...samples.medianPass(nameAt(boundary.blocks)),
    }));
  return {
    batch,
    stem: samples.medianPass(STEM),
    blocks: network.blocks.map((_, index) => samples.medianPass(blockAt(index))),
    head: samples.medianPass(HEAD),
    auxiliaries: beside(auxiliaryAt, ({ auxiliary }) => auxiliary),
    heads: beside(headAt, ({ head }) => head),
    coupling: perValue(couplingAt),
    send: perValue(sendAt),
    receive: perValue(receiveAt),
    parameters,
    update: samples.median('update') / parameters,
  };
}
