import { createBullBoard } from '@bull-board/api';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { JobsService } from '../../src/contract/jobs-client.js';
import type { FakeClient } from './fake-client.js';

/** A JobsService in memory, of a server without keys: everybody gets the same client. */
export class FakeService implements JobsService {
  constructor(private readonly client: FakeClient) {}

  forTenant() {
    return this.client;
  }

  async authenticate() {
    return null;
  }

  async isOpen() {
    return true;
  }

  async countRequest(_key: string, windowMs: number) {
    return { count: 1, remainingMs: windowMs };
  }

  async metrics() {
    return '# TYPE strata_workers gauge\nstrata_workers 1\n';
  }

  showQueues(serverAdapter: IServerAdapter) {
    createBullBoard({ queues: [], serverAdapter });
  }

  async close() {}
}
