import { createBullBoard } from '@bull-board/api';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { JobsService } from '../../../src/contract/client/service.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, NOW, WORKER } from '../fixtures.js';
import type { FakeClient } from './fake-client.js';

/** A JobsService in memory, of a server without keys: all requests get the same client. */
export class FakeService implements JobsService {
  /** Answered by `getReadiness`; a test may change it. */
  dependencies = { postgres: 'up' as 'up' | 'down', redis: 'up' as 'up' | 'down', workers: 1 };
  problems: string[] = [];

  readonly version = '1.2.3';

  constructor(private readonly client: FakeClient) {}

  forTenant() {
    return this.client;
  }

  async authenticate() {
    return null;
  }

  async sealSession(key: string) {
    return { text: key, expiresAt: new Date(NOW) };
  }

  async openSession() {
    return null;
  }

  async isOpen() {
    return true;
  }

  async countRequest(_key: string, windowMs: number) {
    return { count: 1, remainingMs: windowMs };
  }

  async forgetUploads() {}

  readonly uploadTurns = {
    take: async () => true,
    keep: async () => true,
    release: async () => undefined,
    findActive: async () => new Set<string>(),
  };

  async getMetrics() {
    return '# TYPE strata_workers gauge\nstrata_workers 1\n';
  }

  async getReadiness() {
    return { dependencies: this.dependencies, disks: [], problems: this.problems };
  }

  async listWorkers() {
    return complete([WORKER]);
  }

  async drainWorker(_tenant: string, id: string) {
    if (id !== WORKER.id) throw new StrataError('not_found', `There is no ${id}.`);
    return { ...WORKER, draining: true };
  }

  showQueues(serverAdapter: IServerAdapter) {
    createBullBoard({ queues: [], serverAdapter });
  }

  async close() {}
}
