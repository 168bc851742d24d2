import type { BatchAssignment, BatchSetup, BatchSuccess } from '../../contract/batch-protocol.js';
import { batchSizeFor } from '../evaluation/answer.js';
import type { EvaluatorParts } from '../evaluation/run.js';
import { PredictionFailure } from '../failure.js';
import { type Answer, answerAll, type Networks } from './answers.js';
import { type Input, openInputs } from './inputs.js';
import { errorLineOf, lineOf } from './lines.js';

/** Answers the images of a part, and stores its lines. */
export function predictImages(parts: EvaluatorParts, assignment: BatchAssignment): Promise<BatchSuccess> {
  return withNetworks(parts, assignment.setup, (networks) => answerPart(parts, networks, assignment));
}

function withNetworks<T>(
  { sessions }: EvaluatorParts,
  { network, cascade }: BatchSetup,
  work: (networks: Networks) => Promise<T>,
): Promise<T> {
  return sessions.use(network, (main) =>
    cascade === null
      ? work({ main, compact: null })
      : sessions.use(cascade.compact, (compact) => work({ main, compact })),
  );
}

async function answerPart(
  { blobs, onProgress }: EvaluatorParts,
  networks: Networks,
  { setup, first, count }: BatchAssignment,
): Promise<BatchSuccess> {
  const readInputs = await openInputs(blobs, setup);
  const lines: string[] = [];
  const errors: string[] = [];
  let byCompact = 0;
  const size = batchSizeFor(setup.image);
  for (let done = 0; done < count; done += size) {
    const range = { first: first + done, count: Math.min(size, count - done) };
    const inputs = await readInputs(range);
    const answers = await answerInputs(networks, inputs, setup);
    lines.push(...inputs.map((input, index) => lineOf(input, answers[index] ?? null, setup)));
    errors.push(...inputs.flatMap((input) => errorLineOf(input) ?? []));
    byCompact += answers.filter((answer) => answer?.by === 'compact').length;
    onProgress(done + range.count);
  }
  const [stored, told] = [encode(lines), encode(errors)];
  const { uri } = await blobs.put(stored);
  const errorsUri = errors.length === 0 ? null : (await blobs.put(told)).uri;
  const sizeBytes = stored.length + told.length;
  return { kind: 'predictions', uri, errors: errorsUri, failed: errors.length, byCompact, sizeBytes };
}

/** An answer for each input; null for one that could not be read. */
async function answerInputs(
  networks: Networks,
  inputs: readonly Input[],
  setup: BatchSetup,
): Promise<(Answer | null)[]> {
  const readable = inputs.flatMap(({ content }) => (content instanceof PredictionFailure ? [] : [content]));
  const answers = (await answerAll(networks, readable, setup)).values();
  return inputs.map(({ content }) =>
    content instanceof PredictionFailure ? null : (answers.next().value ?? null),
  );
}

const encode = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(lines.join(''));
