// tfjs-node 4.22.0 calls two util functions that Node 22 deprecates and Node 23 removed. Import this module before
// tfjs-node, for this effect only.
import { createRequire } from 'node:module';

const util = createRequire(import.meta.url)('node:util') as Record<string, (value: unknown) => boolean>;

util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;
