// Runs TypeScript for tests in place of tsx. tsx looks at every module of every package as well, which costs a second
// of processor time in a process that loads the service; this reads stored results and leaves packages to Node.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
