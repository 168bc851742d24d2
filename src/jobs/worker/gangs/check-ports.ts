import { once } from 'node:events';
import { createServer } from 'node:net';
import { messageOf } from '../../../contract/message-of.js';
import type { StreamAddress } from '../../../contract/stream-address.js';

/**
 * Listens on every port that the slots of this worker will use, and stops again: a port that another process has would make
 * rounds fail.
 * @throws Error that names the setting and the port
 */
export async function checkPorts({ port }: StreamAddress, slots: number): Promise<void> {
  for (let slot = 0; slot < slots; slot++) {
    const server = createServer();
    try {
      server.listen(port + slot);
      await once(server, 'listening');
    } catch (error) {
      const range = slots > 1 ? `the ports ${port} to ${port + slots - 1}` : `the port ${port}`;
      throw new Error(
        `STRATA_STREAM_ADDRESS: this worker needs ${range} for itself, but ${port + slot} cannot be used (${messageOf(error)}). Choose others.`,
        { cause: error },
      );
    } finally {
      server.close();
    }
  }
}
