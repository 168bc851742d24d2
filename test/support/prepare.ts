import { streamProgress } from '../../src/provision/progress.js';
import { redisBinary } from '../../src/provision/redis/binary.js';
import { setUp } from '../../src/service/setup.js';
import { TYPESCRIPT } from './typescript/options.js';

/** As trainers compute by default: another number of threads adds in another order, and tests would depend on cores. */
const ONE_THREAD = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', OMP_NUM_THREADS: '1' };

/** Options of Node for a test file: TypeScript, and assertions that fail at once. */
export const TEST_OPTIONS = [...TYPESCRIPT, '--import', new URL('assert-messages.ts', import.meta.url).href];

/** Sets up what tests need, and this process's environment, which test files inherit. */
export async function prepareTests(): Promise<void> {
  const progress = streamProgress();
  await setUp(progress);
  await redisBinary(progress);
  Object.assign(process.env, ONE_THREAD, { TF_CPP_MIN_LOG_LEVEL: '2' });
}
