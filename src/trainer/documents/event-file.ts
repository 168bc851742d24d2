import protobuf from 'protobufjs/light.js';
import type { MetricHistory } from '../../contract/trainer-protocol.js';
import { maskedCrc32c } from './crc32c.js';
import type { Series } from './history.js';

/** The part of TensorFlow's event.proto and summary.proto that scalars need, with the same field numbers. */
const field = (id: number, type: string) => ({ id, type });
const root = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: field(1, 'double'),
        step: field(2, 'int64'),
        fileVersion: field(3, 'string'),
        summary: field(5, 'Summary'),
      },
    },
    Summary: { fields: { value: { id: 1, type: 'Value', rule: 'repeated' } } },
    // A value of 0 of a choice is written, too.
    Value: {
      oneofs: { value: { oneof: ['simpleValue'] } },
      fields: { tag: field(1, 'string'), simpleValue: field(2, 'float') },
    },
  },
});
const Event = root.lookupType('Event');

/**
 * A TensorBoard event file of all series, as scalars `loss/stage_0`, `loss/network`, ..., with the step and the
 * time of every point. Points are sorted by time, as if they had been written during training.
 */
export function encodeEventFile({ series }: MetricHistory): Uint8Array {
  const points = series
    .flatMap((one) => one.points.map(([step, value, at]) => ({ tag: tagOf(one), step, value, at })))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.step - b.step));
  const events = points.map(({ tag, step, value, at }) => ({
    wallTime: secondsOf(at),
    step,
    summary: { value: [{ tag, simpleValue: value }] },
  }));
  const first = { wallTime: events[0]?.wallTime ?? 0, fileVersion: 'brain.Event:2' };
  return Buffer.concat([first, ...events].map((event) => record(Event.encode(event).finish())));
}

const tagOf = ({ name, stage }: Series): string => `${name}/${stage === null ? 'network' : `stage_${stage}`}`;
const secondsOf = (at: string): number => Date.parse(at) / 1000;

/** TFRecord: length, its CRC, data, their CRC (tensorflow/core/lib/io/record_writer.h). */
function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return bytes;
}
