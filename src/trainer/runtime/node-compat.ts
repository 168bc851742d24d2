// tfjs-node 4.22.0 calls two util functions that Node 22 warns of and Node 23 removed; imported, for this effect
// only, before tfjs-node is.
import { createRequire } from 'node:module';

const util = createRequire(import.meta.url)('node:util') as Record<string, (value: unknown) => boolean>;

util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;
