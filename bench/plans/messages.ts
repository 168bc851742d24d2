import type { ResolvedSpec } from '../../src/contract/spec.js';
import { messagesTo, stageOutputs } from '../../src/method/index.js';
import type { StageDescription } from '../../src/network/index.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { type SpoolHeader, SpoolReader, SpoolWriter } from '../../src/trainer/messages/index.js';
import { arena, type Tensor, upload } from '../../src/trainer/runtime/index.js';
import { randomImages } from '../step/workload.js';

type Name = 'corrections' | 'features';

/** Messages of a stage of a batch, [B,h,w,c], as its task reads and writes them; null where its method sends none. */
export interface StageMessages {
  readonly corrections: (() => Tensor) | null;
  readonly features: (() => Tensor) | null;
  readonly sendGradient: ((gradient: Tensor) => void) | null;
  readonly sendOutput: ((output: Tensor) => void) | null;
}

/** Spool files of random values: the messages that a stage reads are the same in every step. */
export async function openMessages(
  { method }: ResolvedSpec,
  stages: readonly StageDescription[],
  index: number,
  batch: number,
  blobs: BlobStore,
): Promise<StageMessages> {
  const { precision, filter } = method.corrections;
  const reads = (name: Name) => messagesTo(method, index).some(({ input }) => input === name);
  const sends = (name: Name) => stageOutputs(method, index).includes(name);
  const headerOf = ({ input }: StageDescription, end: number): SpoolHeader => ({
    ...{ precision, filter, shape: [batch, input.height, input.width, input.channels] },
    steps: { start: 0, end },
  });
  const own = stages[index]!;
  const next = stages[index + 1] ?? own;
  const reader = async (name: Name, of: StageDescription) => {
    if (!reads(name)) return null;
    const header = headerOf(of, 1);
    const writer = new SpoolWriter(await blobs.createSpool(`read-${batch}/${name}`), header);
    arena(() => writer.write(upload(randomImages(header.shape), header.shape)));
    const { uri } = await writer.commit();
    const spool = new SpoolReader(await blobs.openArriving(uri), uri);
    return () => spool.read(0);
  };
  const writer = async (name: Name, of: StageDescription) => {
    if (!sends(name)) return null;
    const draft = await blobs.createSpool(`written-${batch}/${name}`);
    const spool = new SpoolWriter(draft, headerOf(of, MANY_STEPS));
    return (tensor: Tensor) => spool.write(tensor);
  };
  return {
    corrections: await reader('corrections', next),
    features: await reader('features', own),
    sendGradient: await writer('corrections', own),
    sendOutput: await writer('features', next),
  };
}

/** More than are written: such a file is never committed. */
const MANY_STEPS = 1_000_000;
