import { join } from 'node:path';
import type { GangPlace } from '../../../contract/trainer-protocol.js';
import { lagOf, type RunDescription } from '../../../method/index.js';
import { type Shape, type StageDescription, sizeOf } from '../../../network/index.js';
import { costOf } from '../../../planning/costs/index.js';
import { balancedBy } from '../../../planning/costs/split.js';
import { TrainerError } from '../../errors.js';
import { FRAME, type Neighbor, Neighbors, tensorFrame } from '../../messages/index.js';
import { read, type Tensor, upload } from '../../runtime/index.js';
import type { DownstreamLink, UpstreamLink } from '../../training/index.js';
import type { Owned } from '../owned.js';

/** Neighboring stages that one trainer of a gang trains, and its links to the other trainers. */
export interface Member {
  readonly stages: readonly StageDescription[];
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly upstream: UpstreamLink | null;
  readonly downstream: DownstreamLink | null;
  /** Sends a checkpoint so far downstream, for the next trainer to add its part. */
  readonly passCheckpoint: (bytes: Uint8Array) => Promise<void>;
}

/** Receives the checkpoint of the trainers before this one, before the batch that it was made in front of. */
export type OnCheckpoint = (bytes: Uint8Array) => Promise<void>;

/** The stages of each trainer: neighbors share one, so that the costliest trainer has as little work as can be. */
export function dividedStages(
  stages: readonly StageDescription[],
  members: number,
): (readonly StageDescription[])[] {
  const works = stages.map(({ layers }) => costOf(layers).work);
  const none = stages.map(() => 0);
  const upTo = [0, ...works.map((_, index) => sum(works.slice(0, index + 1)))];
  const counts = balancedBy({ upTo, starting: none, ending: none }, members).at(-1) ?? [];
  return counts.map((count, index) => {
    const start = sum(counts.slice(0, index));
    return stages.slice(start, start + count);
  });
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Opens the place of a trainer in its gang; all stages and no links without a gang. */
export function openMember(
  { stages }: RunDescription,
  batchSize: number,
  gang: GangPlace | undefined,
  onCheckpoint: OnCheckpoint,
  owned: Owned,
): Member {
  if (!gang)
    return { stages, isFirst: true, isLast: true, upstream: null, downstream: null, passCheckpoint: noNext };
  const { member, members, folder } = gang;
  const own = dividedStages(stages, members)[member];
  if (!own) throw new TrainerError('invalid_assignment', `a gang of ${members} has no member ${member}`);
  const isFirst = member === 0;
  const isLast = member === members - 1;
  const neighbors = new Neighbors({
    listen: isLast ? null : socketOf(folder, member),
    connect: isFirst ? null : socketOf(folder, member - 1),
    // The lag bounds what is under way: no stage is more batches ahead of its neighbor.
    capacity: lagOf(stages.length, 0) + 1,
  });
  owned.add(neighbors, () => neighbors.close());
  const next = stages[own.at(-1)!.index + 1];
  const { upstream, downstream } = neighbors;
  return {
    stages: own,
    isFirst,
    isLast,
    upstream: isFirst ? null : linkTo(upstream, own[0]!.input, batchSize, onCheckpoint),
    downstream: next ? linkTo(downstream, next.input, batchSize, noNext) : null,
    passCheckpoint: (bytes) =>
      downstream.send({ kind: FRAME.checkpoint, bytes: new Uint8Array(bytes).buffer }),
  };
}

const socketOf = (folder: string, member: number): string => join(folder, String(member));

async function noNext(): Promise<void> {
  throw new Error('only the first trainer of a gang begins a checkpoint');
}

/** Both ways of a link whose tensors have the shape of one boundary. */
function linkTo(neighbor: Neighbor, shape: Shape, batchSize: number, onCheckpoint: OnCheckpoint) {
  const dimensions = [batchSize, shape.height, shape.width, shape.channels];
  const stream = {
    send: (tensor: Tensor) => neighbor.send(tensorFrame(read(tensor))),
    receive: async () => {
      for (;;) {
        const { kind, bytes } = await neighbor.receive();
        if (kind === FRAME.tensor) return tensorOf(bytes, dimensions);
        await onCheckpoint(new Uint8Array(bytes));
      }
    },
  };
  return { features: stream, gradients: stream };
}

function tensorOf(bytes: ArrayBuffer, shape: readonly number[]): Tensor {
  if (bytes.byteLength !== 4 * sizeOf({ shape })) {
    throw new TrainerError('stream_lost', `a frame has ${bytes.byteLength} bytes, not those of a batch`);
  }
  return upload(new Float32Array(bytes), shape);
}
