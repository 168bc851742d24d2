import type { ResolvedSpec } from '../../../contract/spec.js';
import type { GangPlace } from '../../../contract/trainer-protocol.js';
import { lagOf, type RunDescription, streamRounding } from '../../../method/index.js';
import { type StageDescription, sizeOf } from '../../../network/index.js';
import { costOf, sharedSlots } from '../../../planning/costs/index.js';
import { TrainerError } from '../../errors.js';
import {
  CODECS,
  type CorrectionCodec,
  FRAME,
  type Neighbor,
  Neighbors,
  recordFrame,
  tensorFrame,
} from '../../messages/index.js';
import { read, type Tensor, upload } from '../../runtime/index.js';
import { type DownstreamLink, type Rounding, type UpstreamLink, unrounded } from '../../training/index.js';
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
  /** Bytes of the tensors that it has sent to its neighbors. */
  readonly sentBytes: () => number;
}

/** Receives the checkpoint of the trainers before this one, before the batch that it was made in front of. */
export type OnCheckpoint = (bytes: Uint8Array) => Promise<void>;

/** The stages of each trainer: neighbors share one, so that the costliest trainer has as little work as can be. */
export function dividedStages(
  stages: readonly StageDescription[],
  members: number,
): (readonly StageDescription[])[] {
  const counts = sharedSlots(
    stages.map(({ layers }) => costOf(layers).work),
    members,
  );
  return counts.map((count, index) => {
    const start = sum(counts.slice(0, index));
    return stages.slice(start, start + count);
  });
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Opens the place of a trainer in its gang; all stages and no links without a gang. */
export function openMember(
  { stages }: RunDescription,
  { batch_size: batchSize, method }: ResolvedSpec,
  gang: GangPlace | undefined,
  onCheckpoint: OnCheckpoint,
  owned: Owned,
): Member {
  if (!gang)
    return {
      ...{ stages, isFirst: true, isLast: true, upstream: null, downstream: null },
      passCheckpoint: noNext,
      sentBytes: () => 0,
    };
  const { member, members, listen, connect } = gang;
  const own = dividedStages(stages, members)[member];
  if (!own) throw new TrainerError('invalid_assignment', `a gang of ${members} has no member ${member}`);
  const isFirst = member === 0;
  const isLast = member === members - 1;
  const neighbors = new Neighbors({
    listen,
    connect,
    // The lag bounds what is under way: no stage is more batches ahead of its neighbor.
    capacity: lagOf(stages.length, 0) + 1,
  });
  owned.add(neighbors, () => neighbors.close());
  const next = stages[own.at(-1)!.index + 1];
  const { upstream, downstream } = neighbors;
  const shapeAt = ({ input: { height, width, channels } }: StageDescription) => [
    batchSize,
    height,
    width,
    channels,
  ];
  const codec = codecOf(method);
  let sent = 0;
  const onSent = (bytes: number) => {
    sent += bytes;
  };
  return {
    stages: own,
    isFirst,
    isLast,
    upstream: isFirst ? null : linkTo(upstream, shapeAt(own[0]!), codec, { onCheckpoint, onSent }),
    downstream: next ? linkTo(downstream, shapeAt(next), codec, { onCheckpoint: noNext, onSent }) : null,
    passCheckpoint: (bytes) =>
      downstream.send({ kind: FRAME.checkpoint, bytes: new Uint8Array(bytes).buffer }),
    sentBytes: () => sent,
  };
}

async function noNext(): Promise<void> {
  throw new Error('only the first trainer of a gang begins a checkpoint');
}

function codecOf(method: ResolvedSpec['method']): CorrectionCodec | null {
  const precision = streamRounding(method);
  return precision === null ? null : CODECS[precision];
}

/** The tensor that a neighbor reads in place of one that is sent. */
export function roundingOf(method: ResolvedSpec['method']): Rounding {
  const codec = codecOf(method);
  return codec === null
    ? unrounded
    : (tensor) => codec.decode(Buffer.concat(codec.encode(tensor)), tensor.shape);
}

interface LinkEvents {
  readonly onCheckpoint: OnCheckpoint;
  readonly onSent: (bytes: number) => void;
}

/** Both ways of a link whose tensors have the shape of one boundary. */
function linkTo(
  neighbor: Neighbor,
  dimensions: readonly number[],
  codec: CorrectionCodec | null,
  { onCheckpoint, onSent }: LinkEvents,
) {
  const stream = {
    send: (tensor: Tensor) => {
      const frame = codec ? recordFrame(codec.encode(tensor)) : tensorFrame(read(tensor));
      onSent(frame.bytes.byteLength);
      return neighbor.send(frame);
    },
    receive: async () => {
      for (;;) {
        const { kind, bytes } = await neighbor.receive();
        if (kind === FRAME.tensor) return tensorOf(bytes, dimensions, codec);
        await onCheckpoint(new Uint8Array(bytes));
      }
    },
  };
  return { features: stream, gradients: stream };
}

function tensorOf(bytes: ArrayBuffer, shape: readonly number[], codec: CorrectionCodec | null): Tensor {
  if (bytes.byteLength !== (codec?.recordBytes(shape) ?? 4 * sizeOf({ shape }))) {
    throw new TrainerError('stream_lost', `a frame has ${bytes.byteLength} bytes, not those of a batch`);
  }
  return codec ? codec.decode(new Uint8Array(bytes), shape) : upload(new Float32Array(bytes), shape);
}
