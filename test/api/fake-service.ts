import { DEFAULT_TENANT } from '../../src/contract/access.js';
import type { JobsService } from '../../src/contract/jobs-client.js';
import { FakeClient } from './fake-client.js';

/** A JobsService in memory: a `FakeClient` for each tenant. */
export class FakeService implements JobsService {
  readonly #clients = new Map<string, FakeClient>();

  constructor(client: FakeClient) {
    this.#clients.set(DEFAULT_TENANT, client);
  }

  forTenant(tenant: string): FakeClient {
    const client = this.#clients.get(tenant) ?? new FakeClient();
    this.#clients.set(tenant, client);
    return client;
  }

  async close() {}
}
