import { Readable } from 'node:stream';
import type { Handler } from '../../operations.js';

/** Version 0.0.4 of the text format, which every version of Prometheus reads. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

export const getMetrics: Handler<'getMetrics'> = async ({ metrics }) => ({
  status: 200,
  headers: { 'content-type': TEXT_FORMAT, 'cache-control': 'no-store' },
  body: Readable.from([await metrics()]),
});
