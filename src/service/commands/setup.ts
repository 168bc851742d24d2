// npm run setup
import { streamProgress } from '../../provision/progress.js';
import { redisBinary } from '../../provision/redis/binary.js';
import { describeParts, setUp } from '../setup.js';
import { runCommand } from './command.js';

await runCommand(async () => {
  const progress = streamProgress();
  const parts = await setUp(progress);
  if (!process.env.REDIS_URL) await redisBinary(progress);
  console.log(`Set up:\n${describeParts(parts)}`);
});
