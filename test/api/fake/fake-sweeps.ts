import type { Sweep, SweepsClient, Trial } from '../../../src/contract/client/sweeps.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, NOW } from '../fixtures.js';

const NO_TRIALS = { waiting: 0, running: 0, paused: 0, pruned: 0, succeeded: 0, failed: 0, cancelled: 0 };

/** Sweeps in memory, whose trials never start. */
export class FakeSweeps implements SweepsClient {
  readonly rows = new Map<string, Sweep>();
  readonly trials: Trial[] = [];

  async createSweep(
    spec: Sweep['spec'],
    { checkJob, dryRun }: Parameters<SweepsClient['createSweep']>[1],
  ): Promise<Sweep> {
    checkJob(spec.job);
    const id = dryRun ? 'dry_run' : `sweep_${this.rows.size + 1}`;
    const self = `/sweeps/${id}`;
    const sweep: Sweep = {
      ...{ id, object: 'sweep', name: spec.name, metadata: spec.metadata, state: 'running', ended: null },
      ...{ created_at: NOW, finished_at: null, spec, counts: { ...NO_TRIALS, refused: 0 }, best: null },
      ...{ spent: { device_seconds: 0 }, refused: null, refit_job_id: null },
      cost: { jobs: 0, optimizer_steps: 0, device_seconds: null, warnings: [] },
      links: { self, trials: `${self}/trials`, jobs: `/jobs?sweep=${id}` },
    };
    if (!dryRun) this.rows.set(id, sweep);
    return sweep;
  }

  async listSweeps() {
    return complete([...this.rows.values()]);
  }

  async getSweep(id: string) {
    return this.rows.get(id) ?? null;
  }

  async updateSweep(id: string, { name }: Parameters<SweepsClient['updateSweep']>[1]) {
    return this.#change(id, { ...(name !== undefined && { name }) });
  }

  async listSweepTrials(id: string) {
    this.#require(id);
    return complete(this.trials);
  }

  async createTrial(id: string, { parameters }: Parameters<SweepsClient['createTrial']>[1]) {
    this.#require(id);
    const trial: Trial = {
      ...{ object: 'trial', number: this.trials.length, parameters, state: 'waiting' },
      ...{ value: null, spread: null, runs: [] },
    };
    this.trials.push(trial);
    return trial;
  }

  async pauseSweep(id: string) {
    return this.#change(id, { state: 'paused' });
  }

  async resumeSweep(id: string) {
    return this.#change(id, { state: 'running' });
  }

  async cancelSweep(id: string) {
    return this.#change(id, { state: 'cancelled', ended: 'cancelled' });
  }

  #change(id: string, changes: Partial<Sweep>): Sweep {
    const sweep = { ...this.#require(id), ...changes };
    this.rows.set(id, sweep);
    return sweep;
  }

  #require(id: string): Sweep {
    const sweep = this.rows.get(id);
    if (sweep === undefined) throw new StrataError('not_found');
    return sweep;
  }
}
