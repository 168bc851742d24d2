// npm run audit: known vulnerabilities of what is installed in production. Exit code 1 where there are some, and 2 where
// nobody could be asked: no answer is no good news.
import { execFile } from 'node:child_process';
import { ROOT } from '../src/service/root.js';
import { verdictOf } from './audit-verdict.js';

const CODES = { clean: 0, vulnerable: 1, unknown: 2 } as const;
const ARGS = ['audit', '--json', '--omit=dev'];

const report = await new Promise<string>((resolve) => {
  // npm ends with an error where it finds something, and its report is on stdout all the same.
  execFile('npm', ARGS, { cwd: ROOT, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
});
const { kind, lines } = verdictOf(report);
for (const line of lines) console.log(line);
process.exit(CODES[kind]);
