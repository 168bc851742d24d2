import { StrataError } from '../../../contract/errors.js';
import { MAX_WEIGHTS_FETCHES } from '../../process/limits.js';

/** The fetches of this process: each holds a request, a connection and a file, for minutes at worst. */
export class FetchPlaces {
  readonly #tenants = new Set<string>();

  /** Runs `fetch` if the tenant has no other. @throws StrataError weights_busy */
  async run<T>(tenant: string, fetch: () => Promise<T>): Promise<T> {
    if (this.#tenants.has(tenant) || this.#tenants.size >= MAX_WEIGHTS_FETCHES) {
      throw new StrataError('weights_busy');
    }
    this.#tenants.add(tenant);
    try {
      return await fetch();
    } finally {
      this.#tenants.delete(tenant);
    }
  }
}
