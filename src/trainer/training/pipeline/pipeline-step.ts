import type { StoredTensor } from '../../checkpoint/index.js';
import { classificationObjective, type LocalLoss } from '../../objective/local-objective.js';
import { free, read, type Tensor, upload } from '../../runtime/index.js';
import type { Stopwatch } from '../../stopwatch.js';
import type { Trained } from '../loop.js';
import { measureLoss, type StepAt, type StepReport } from '../report.js';
import { type BatchStep, type PipelineStage, restored, stored } from './pipeline-stage.js';
import {
  type DownstreamLink,
  type Rounding,
  type Sink,
  type Source,
  TensorQueue,
  type UpstreamLink,
  unrounded,
} from './stream.js';

export interface PipelineOptions {
  /** Neighboring stages that run in turn, in the order of the network: all of them, or those of one device. */
  readonly stages: readonly PipelineStage[];
  /** Links to the stage before the first of them, and to the one after the last; null at an end of the network. */
  readonly upstream: UpstreamLink | null;
  readonly downstream: DownstreamLink | null;
  /** The rounding of features and gradients between stages: the same whether they share a process or not. */
  readonly rounding: Rounding;
  readonly labelSmoothing: number;
  /** Steps of the batches that a checkpoint found under way, the oldest first: at most as many as the largest lag. */
  readonly before: readonly BatchStep[];
  /** Number of batches of this round that were forwarded before. */
  readonly forwarded: number;
}

/** A link within the process. */
interface InnerLink {
  readonly features: TensorQueue;
  readonly gradients: TensorQueue;
}

interface SentGradient {
  readonly gradient: Tensor;
  /** Whether it is what the neighbor reads already: it came from a checkpoint. */
  readonly isRounded: boolean;
}

/** The loss of a batch in the last stage. */
interface LossAt {
  readonly at: StepAt;
  readonly loss: LocalLoss;
}

/**
 * Trains stages of a pipeline. In each turn the stages forward a batch, o_k downstream. Then each pulls the batch of D_k
 * turns ago back, g_k upstream, and updates its weights by it (docs/method.md, "`pipeline`"). What a stage computes
 * depends only on the order of its own batches, so the weights are the same however stages share devices.
 */
export class Pipeline implements Trained {
  readonly #inner: readonly InnerLink[];
  #turn: number;
  /** The gradient that went upstream last. At the end of a turn, the stage there has yet to read it. */
  #lastSent: SentGradient | null = null;
  /** A gradient from downstream that a checkpoint had on its way. */
  #resumed: Tensor | null = null;

  constructor(private readonly options: PipelineOptions) {
    this.#inner = options.stages.slice(1).map(() => ({
      features: new TensorQueue(options.rounding),
      gradients: new TensorQueue(options.rounding),
    }));
    this.#turn = options.forwarded;
  }

  async update(at: StepAt): Promise<StepReport[]> {
    const loss = await this.#forward(at);
    return this.#backward(at.stopwatch, loss);
  }

  /** The turns after the last batch: a stage makes as many updates more as its lag. */
  async finish(stopwatch: Stopwatch): Promise<StepReport[]> {
    const reports: StepReport[] = [];
    while (this.options.stages.some(({ underWay }) => underWay > 0)) {
      reports.push(...(await this.#backward(stopwatch, null)));
    }
    this.#keepSent(null);
    return reports;
  }

  /** All that a checkpoint needs of the batches under way. */
  saved(): Map<string, StoredTensor> {
    const { stages } = this.options;
    const gradients = this.#inner.flatMap(({ gradients: { waiting } }, index) =>
      waiting.map((tensor) => [gradientName(stages[index]!), stored(tensor)] as const),
    );
    const sent = this.#lastSent ? [[nameBefore(stages[0]!), this.#asRead(this.#lastSent)] as const] : [];
    return new Map([...stages.flatMap((stage) => [...stage.saved()]), ...gradients, ...sent]);
  }

  /** Goes on with the batches that were under way. */
  restore(saved: ReadonlyMap<string, StoredTensor>): void {
    const { stages, before } = this.options;
    for (const stage of stages) {
      const { lag } = stage.options;
      for (const at of lag > 0 ? before.slice(-lag) : []) stage.restore(at, saved);
    }
    this.#inner.forEach(({ gradients }, index) => {
      const name = gradientName(stages[index]!);
      if (saved.has(name)) gradients.adopt(restored(saved, name));
    });
    const last = gradientName(stages.at(-1)!);
    if (this.options.downstream && saved.has(last)) this.#resumed = restored(saved, last);
    const first = nameBefore(stages[0]!);
    if (this.options.upstream && saved.has(first)) {
      this.#lastSent = { gradient: restored(saved, first), isRounded: true };
    }
  }

  async #forward(at: StepAt): Promise<LossAt | null> {
    const { stages, upstream, downstream } = this.options;
    const { stopwatch } = at;
    let input = upstream
      ? await received(upstream.features, stopwatch)
      : copied(at.batch.features ?? at.batch.images);
    let output = input;
    for (const [index, stage] of stages.entries()) {
      output = stopwatch.time('forward', () => stage.forward(at, input));
      const link = this.#inner[index]?.features;
      if (link) {
        link.send(output);
        stage.passedOn(output);
        input = link.receive();
      }
    }
    if (downstream) {
      await sent(downstream.features, output, stopwatch);
      stages.at(-1)?.passedOn(output);
      return null;
    }
    // The last layers are trained by the loss of the network, which has no parameters of its own.
    const training = { weights: new Map(), gradients: new Map() };
    return { at, loss: classificationObjective(this.options.labelSmoothing)(output, at, training) };
  }

  /** From the first stage on: its gradient was sent in the turn before, while that of the last one comes latest. */
  async #backward(stopwatch: Stopwatch, last: LossAt | null): Promise<StepReport[]> {
    const { stages, upstream, downstream } = this.options;
    const turn = this.#turn++;
    const reports: StepReport[] = [];
    for (const [index, stage] of stages.entries()) {
      if (turn < stage.options.lag || stage.underWay === 0) continue;
      const above = this.#inner[index - 1]?.gradients;
      const send = (gradient: Tensor) => {
        if (above) above.send(gradient);
        else if (upstream) return this.#sendUpstream(upstream.gradients, gradient, stopwatch);
      };
      const below = this.#inner[index]?.gradients ?? downstream?.gradients;
      const cotangent = below ? await this.#gradientFrom(below, stopwatch) : last!.loss.cotangent;
      const measured = below ? 'no loss' : measureLoss(last!.at, last!.loss);
      reports.push(...(await stage.backward(cotangent, measured, stopwatch, send)));
    }
    return reports;
  }

  /** The first gradient after a checkpoint may come from there. */
  async #gradientFrom(below: Source, stopwatch: Stopwatch): Promise<Tensor> {
    const resumed = below === this.options.downstream?.gradients ? this.#resumed : null;
    if (resumed) this.#resumed = null;
    return resumed ?? (await received(below, stopwatch));
  }

  async #sendUpstream(sink: Sink, gradient: Tensor, stopwatch: Stopwatch): Promise<void> {
    this.#keepSent({ gradient: unrounded(gradient), isRounded: false });
    await sent(sink, gradient, stopwatch);
  }

  #keepSent(sent: SentGradient | null): void {
    if (this.#lastSent) free(this.#lastSent.gradient);
    this.#lastSent = sent;
  }

  #asRead({ gradient, isRounded }: SentGradient): StoredTensor {
    if (isRounded) return stored(gradient);
    const read = this.options.rounding(gradient);
    const kept = stored(read);
    free(read);
    return kept;
  }
}

async function received(stream: Source, stopwatch: Stopwatch): Promise<Tensor> {
  return stopwatch.timeAsync('stream', async () => stream.receive());
}

async function sent(stream: Sink, tensor: Tensor, stopwatch: Stopwatch): Promise<void> {
  await stopwatch.timeAsync('stream', async () => stream.send(tensor));
}

/** The input outlives its batch, whose memory the next one takes. */
function copied(input: Tensor): Tensor {
  return upload(read(input), input.shape);
}

/** The gradient that a stage has yet to read. */
const gradientName = ({ options: { index } }: PipelineStage): string => `gradient-${index}`;
const nameBefore = ({ options: { index } }: PipelineStage): string => `gradient-${index - 1}`;
