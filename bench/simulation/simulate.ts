import TinyQueue from 'tinyqueue';

/** A task of a job's graph; `needs` are places in the list of the job's tasks. */
export interface SimulatedTask {
  readonly seconds: number;
  readonly needs: readonly number[];
}

export interface Simulated {
  /** From the first start to the last end. */
  readonly seconds: number;
  /** Share of the device time until then in which the devices compute. */
  readonly busyShare: number;
  /** When each task of the first job ended, and each job its last task. */
  readonly firstEnds: readonly number[];
  readonly jobEnds: readonly number[];
}

export interface SimulatedLoad {
  readonly tasks: readonly SimulatedTask[];
  /** Number of such jobs at the start. */
  readonly jobs: number;
  readonly devices: number;
  /** Between a task and the next one on a device. */
  readonly dispatchSeconds: number;
}

/**
 * Equal devices that take ready tasks, those of the oldest job first and in the order of its graph, as workers do.
 * @throws RangeError where a graph has no end or there is no device
 */
export function simulate({ tasks, jobs, devices, dispatchSeconds }: SimulatedLoad): Simulated {
  if (!(devices >= 1)) throw new RangeError(`devices is ${devices}; at least one must be there`);
  const count = tasks.length;
  const dependents = tasks.map((): number[] => []);
  tasks.forEach(({ needs }, index) => {
    for (const need of needs) dependents[need]!.push(index);
  });
  // A task of a job is one number, so that the smaller one is of an older job, or earlier in its graph.
  const waitsFor = new Uint16Array(jobs * count);
  const ready = new TinyQueue<number>();
  for (let id = 0; id < jobs * count; id++) {
    waitsFor[id] = tasks[id % count]!.needs.length;
    if (waitsFor[id] === 0) ready.push(id);
  }
  const running = new TinyQueue<readonly [end: number, id: number]>([], ([a], [b]) => a - b);
  const firstEnds = new Array<number>(count).fill(Number.NaN);
  const jobEnds = new Array<number>(jobs).fill(0);
  let [now, free, busy, done] = [0, devices, 0, 0];
  for (;;) {
    while (free > 0 && ready.length > 0) {
      const id = ready.pop()!;
      const { seconds } = tasks[id % count]!;
      free -= 1;
      busy += seconds;
      running.push([now + dispatchSeconds + seconds, id]);
    }
    const next = running.pop();
    if (next === undefined) break;
    const [end, id] = next;
    now = end;
    free += 1;
    done += 1;
    const job = Math.floor(id / count);
    if (job === 0) firstEnds[id] = end;
    jobEnds[job] = end;
    for (const dependent of dependents[id % count]!) {
      const waiting = job * count + dependent;
      waitsFor[waiting]! -= 1;
      if (waitsFor[waiting] === 0) ready.push(waiting);
    }
  }
  if (done < jobs * count) throw new RangeError(`${jobs * count - done} tasks wait for each other`);
  return { seconds: now, busyShare: busy / (devices * now), firstEnds, jobEnds };
}
