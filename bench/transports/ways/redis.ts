import { Redis } from 'ioredis';
import { type Meeting, Room, type Transport } from '../transport.js';

const MESSAGES = 'messages';
const READ = 'read';
const FOR_EVER = 0;

const connect = ({ receiver, port }: Meeting): Redis => new Redis(port, receiver);

/** A list of a Redis on the receiver's host, and a second one of messages that were read: a list alone has no bounds. */
export const redis: Transport = {
  async makeReceiver(meeting) {
    const client = connect(meeting);
    await client.ping();
    return {
      async receive() {
        const [, bytes] = (await client.blpopBuffer(MESSAGES, FOR_EVER)) as [Buffer, Buffer];
        void client.rpush(READ, '');
        return bytes;
      },
    };
  },
  async makeSender(meeting) {
    const client = connect(meeting);
    const listener = connect(meeting);
    await Promise.all([client.ping(), listener.ping()]);
    const room = new Room(meeting.capacity);
    const listen = async (): Promise<void> => {
      for (;;) {
        await listener.blpop(READ, FOR_EVER);
        room.give();
      }
    };
    void listen();
    return {
      async send({ buffer }) {
        await room.take();
        void client.rpush(MESSAGES, Buffer.from(buffer));
      },
    };
  },
};
