import type { NetworkEnd } from '../../../src/contract/trainer-protocol.js';
import { FRAME } from '../../../src/trainer/messages/stream/frame.js';
import { Neighbors } from '../../../src/trainer/messages/stream/neighbors.js';
import type { Meeting, Transport } from '../transport.js';

/** Streams of a gang between hosts (docs/adr/0027), sockets in a thread of their own. */
export const ours: Transport = {
  async makeReceiver(meeting) {
    const { downstream } = new Neighbors({ ...meeting, listen: endOf(meeting), connect: null });
    return { receive: async () => new Uint8Array((await downstream.receive()).bytes) };
  },
  async makeSender(meeting) {
    const { upstream } = new Neighbors({ ...meeting, listen: null, connect: endOf(meeting) });
    return { send: ({ buffer }) => upstream.send({ kind: FRAME.tensor, bytes: buffer }) };
  },
};

const endOf = ({ receiver, port, secret }: Meeting): NetworkEnd => ({
  host: receiver,
  port,
  identity: 'bench',
  secret,
});
