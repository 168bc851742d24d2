import { type Mutant, noticedBy } from '../mutant.js';

const SUCCESSES = 'src/jobs/store/task-successes.ts';
const TASKS = 'src/jobs/store/tasks.ts';
const FENCES_TEST = 'test/jobs/store/fences.test.ts';
const TRANSITIONS_TEST = 'test/jobs/store/transitions.test.ts';

const STATEMENTS_TEST = 'test/jobs/store/statements.test.ts';

/** Transitions of jobs and tasks, and the fences around them. */
export const STORE: readonly Mutant[] = [
  ...noticedBy(STATEMENTS_TEST, 'every raw statement returns the columns of its reader', [
    {
      name: 'column-renamed',
      fault: 'A statement renames a column, which would read as undefined.',
      file: TASKS,
      edits: [['worker_id AS "workerId"', 'worker_id AS "worker"']],
    },
    {
      name: 'column-nullable',
      fault: 'A column that may be null is read as one that is never null.',
      file: TASKS,
      edits: [['workerId: orNull(text)', 'workerId: text']],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'an attempt whose lease ran out changes nothing any more', [
    {
      name: 'fence-attempt',
      fault: 'A stale attempt writes as if it were the current one.',
      file: 'src/jobs/store/leases.ts',
      edits: [['} AND attempt = $', '} AND attempt >= $']],
    },
    {
      name: 'fence-renewal',
      fault: "A stale attempt keeps the task's lease.",
      file: 'src/jobs/store/leases.ts',
      edits: [
        [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: text of the code
          'AND kept.attempt = held.attempt AND lease_until IS NOT NULL ${goesOn(table)}\n    FOR',
          'AND lease_until IS NOT NULL\n    FOR',
        ],
        [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: text of the code
          'AND kept.attempt = held.attempt AND lease_until IS NOT NULL ${goesOn(table)}\n  )`',
          'AND lease_until IS NOT NULL\n  )`',
        ],
      ],
    },
  ]),
  ...noticedBy(
    'test/jobs/worker/worker-parts.test.ts',
    'leases: an attempt whose row stays locked is given up when its lease is over, not before',
    [
      {
        name: 'lease-locked',
        fault: 'A lease that could not be renewed counts as renewed.',
        file: 'src/jobs/lifecycle/held-leases.ts',
        edits: [['if (answer?.renewed) entry', 'if (answer) entry']],
      },
    ],
  ),
  ...noticedBy(FENCES_TEST, 'an attempt whose lease ran out changes nothing before the next claim either', [
    {
      name: 'fence-over',
      fault: 'An attempt that has ended writes afterwards.',
      file: 'src/jobs/store/leases.ts',
      edits: [['} AND lease_until IS NOT NULL`;', '}`;']],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'a task is claimed once by any number of slots that ask at the same time', [
    {
      name: 'claim-twice',
      fault: 'A running task is claimed again.',
      file: 'src/jobs/store/queue-order.ts',
      edits: [
        [
          "CLAIMABLE = Prisma.sql`task.state = 'ready' AND",
          "CLAIMABLE = Prisma.sql`task.state IN ('ready', 'running') AND",
        ],
      ],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'a task that keeps failing with transient errors fails its job', [
    {
      name: 'one-attempt-more',
      fault: 'A task may fail once more than max_attempts.',
      file: 'src/jobs/lifecycle/verdict.ts',
      edits: [['failures < job.maxAttempts', 'failures <= job.maxAttempts']],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'lost workers are no failures of the task', [
    {
      name: 'loss-counts',
      fault: 'A lost worker counts as a failure of the task.',
      file: 'src/jobs/lifecycle/verdict.ts',
      edits: [["retry === 'uncounted'\n", "retry !== 'uncounted'\n"]],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'a checkpoint that cannot be read is dropped', [
    {
      name: 'checkpoint-kept',
      fault: 'A checkpoint that cannot be read is kept.',
      file: 'src/jobs/lifecycle/fail.ts',
      edits: [['if (dropCheckpoint) await deleteCheckpoint(tx, task.id);', '']],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'max_runtime_s: time at work counts', [
    {
      name: 'clock-runs-on',
      fault: 'A pause counts as time at work.',
      file: 'src/jobs/lifecycle/stop.ts',
      edits: [['await stopClock(tx, job.id);', '']],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'a success without an output', [
    {
      name: 'output-missing',
      fault: 'A success without the outputs that others read is kept.',
      file: 'src/jobs/lifecycle/succeed.ts',
      edits: [['if (missing.length > 0)\n    throw', 'if (missing.length > 9)\n    throw']],
    },
  ]),
  ...noticedBy(FENCES_TEST, 'a claim stores the contents of its assignment', [
    {
      name: 'job-stays',
      fault: 'A job does not move on with its tasks.',
      file: 'src/jobs/store/phases.ts',
      edits: [['ORDER.slice(index + 1)', 'ORDER.slice(0, index)']],
    },
  ]),
  ...noticedBy(TRANSITIONS_TEST, 'every claim raises the attempt of its task by one', [
    {
      name: 'claim-without-fence',
      fault: 'A claim does not raise the attempt.',
      file: 'src/jobs/store/leases.ts',
      edits: [['attempt = attempt + 1, lease_until', 'attempt = attempt, lease_until']],
    },
  ]),
  ...noticedBy(TRANSITIONS_TEST, 'a job that has ended takes no other state', [
    {
      name: 'state-overwritten',
      fault: 'A job takes any state, whatever it had.',
      file: 'src/jobs/store/jobs.ts',
      edits: [["const state = transition('job', job.state, to);", 'const state = to;']],
    },
  ]),
  ...noticedBy(TRANSITIONS_TEST, 'a request to stop changes nothing of a job that has ended', [
    {
      name: 'stop-late',
      fault: 'A job that has ended can be stopped.',
      file: 'src/jobs/lifecycle/stop.ts',
      edits: [["if (isTerminal('job', job.state)) return job;\n  const reason", 'const reason']],
    },
  ]),
  ...noticedBy(TRANSITIONS_TEST, 'the tasks of a cancelled job are cancelled', [
    {
      name: 'left-open',
      fault: 'Tasks of an ended job wait for ever.',
      file: TASKS,
      edits: [["state: { in: ['waiting', 'ready'] }", "state: { in: ['ready'] }"]],
    },
  ]),
  ...noticedBy(TRANSITIONS_TEST, 'messages are kept until every task that reads them has succeeded', [
    {
      name: 'spool-early',
      fault: 'Messages are deleted before all who read them have succeeded.',
      file: TASKS,
      edits: [["AND reader.state <> 'succeeded'", "AND reader.state = 'running'"]],
    },
  ]),
  ...noticedBy(
    'test/jobs/lifecycle/interleavings.test.ts',
    'random interleavings: terminal states are final',
    [
      {
        name: 'ends-running',
        fault: 'A job ends while its tasks run.',
        file: 'src/jobs/lifecycle/stop.ts',
        edits: [['if ((await countRunning(tx, job.id)) > 0) return job;', '']],
      },
      {
        name: 'opened-early',
        fault: 'A task begins before all that it waits for.',
        file: SUCCESSES,
        edits: [["CASE WHEN waiting = 1 THEN 'ready'", "CASE WHEN waiting <= 2 THEN 'ready'"]],
      },
      {
        name: 'event-twice',
        fault: 'The end of a job is told twice.',
        file: 'src/jobs/lifecycle/stop.ts',
        edits: [
          [
            'await appendEvents(tx, job.id, await lastEvent(tx, job.id, job.stopAs));',
            'await appendEvents(tx, job.id, await lastEvent(tx, job.id, job.stopAs), await lastEvent(tx, job.id, job.stopAs));',
          ],
        ],
      },
    ],
  ),
  ...noticedBy('test/jobs/lifecycle/states.test.ts', 'every task transition outside the table is refused', [
    {
      name: 'any-transition',
      fault: 'Every transition is allowed.',
      file: 'src/contract/states.ts',
      edits: [
        ['return followers(machine, from).includes(to)', 'return followers(machine, from) !== undefined'],
      ],
    },
  ]),
  ...noticedBy('test/jobs/lifecycle/states.test.ts', 'a job ends succeeded, failed or cancelled', [
    {
      name: 'failed-again',
      fault: 'A failed job can be queued again.',
      file: 'src/contract/states.ts',
      edits: [['succeeded: [],\n    failed: [],', "succeeded: [],\n    failed: ['queued'],"]],
    },
  ]),
  ...noticedBy('test/jobs/lifecycle/remake.test.ts', 'the maker of a damaged input runs again', [
    {
      name: 'remade-not-counted',
      fault: 'Readers do not wait for what is made again.',
      file: 'src/jobs/store/task-dependencies.ts',
      edits: [["needed.state <> 'succeeded') AS needs", "needed.state <> 'succeeded' AND false) AS needs"]],
    },
  ]),
  ...noticedBy(
    'test/jobs/dispatcher/webhooks/deliveries.test.ts',
    'a delivery whose sender dies is due again',
    [
      {
        name: 'delivery-lost',
        fault: 'A delivery whose sender died is not taken again.',
        file: 'src/jobs/store/leases.ts',
        edits: [['(lease_until IS NULL OR ', '(lease_until IS NULL AND ']],
      },
    ],
  ),
  ...noticedBy('test/jobs/store/queue-order.test.ts', 'a priority counts among the jobs of its tenant', [
    {
      name: 'priority-reversed',
      fault: 'The lowest priority goes first.',
      file: 'src/jobs/store/queue-order.ts',
      edits: [
        [
          'priority DESC, job_id, position LIMIT 1\n      ) first',
          'priority, job_id, position LIMIT 1\n      ) first',
        ],
      ],
    },
  ]),
  ...noticedBy('test/datasets/image-folder.test.ts', 'classes that are numbers are in the order of numbers', [
    {
      name: 'classes-met',
      fault: 'Classes are numbered in the order in which they are met.',
      file: 'src/datasets/formats/classes.ts',
      edits: [['names.toSorted(isNumbered ? byNumber : byText)', '[...names]']],
    },
  ]),
];
