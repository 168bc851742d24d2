import type { TaskSuccess } from '../../contract/trainer-protocol.js';
import { describeRun } from '../../method/index.js';
import { profileNetwork } from '../profiling/index.js';
import { Stopwatch } from '../training/index.js';
import { checkPrecision, type TaskContext } from './context.js';

const PARTS = 1000;

/** Measures the parts of the network. Its images are noise, so it has no inputs. */
export async function profile(context: TaskContext): Promise<TaskSuccess> {
  checkPrecision(context);
  const { spec, dataset, task_id, attempt } = context.assignment;
  const stopwatch = new Stopwatch(context.now);
  const measured = await profileNetwork({
    spec,
    // Jobs that freeze different blocks share a profile.
    network: describeRun({ ...spec, freeze: null }, dataset).network,
    blobs: context.blobs,
    spoolKey: `${task_id}/a${attempt}/messages`,
    now: context.now,
    betweenSteps: (share) => {
      context.progress(Math.round(share * PARTS), PARTS);
      return context.betweenSteps();
    },
  });
  return {
    outputs: {},
    seconds: { profile: stopwatch.elapsed },
    artifacts: [],
    result: {},
    profile: measured,
  };
}
