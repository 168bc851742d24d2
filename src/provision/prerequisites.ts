import { works } from './exec.js';

/** What set-up takes from the machine, and how to get it. */
const PREREQUISITES = {
  python3: {
    why: 'python3 unpacks the pinned wheels',
    found: () => works('python3', '--version'),
    install: 'apt-get install python3 python3-pip',
  },
  pip: {
    why: 'pip downloads the pinned wheels from PyPI',
    found: () => works('python3', '-m', 'pip', '--version'),
    install: 'apt-get install python3-pip',
  },
  'g++': {
    why: 'g++ compiles the TensorFlow binding',
    found: () => works('g++', '--version'),
    install: 'apt-get install g++',
  },
} as const;

export type Prerequisite = keyof typeof PREREQUISITES;

/** Fails naming every missing tool at once, with the command that installs it. */
export async function requireTools(...names: Prerequisite[]): Promise<void> {
  const found = await Promise.all(names.map((name) => PREREQUISITES[name].found()));
  const missing = names.filter((_, index) => !found[index]).map((name) => PREREQUISITES[name]);
  if (missing.length === 0) return;
  const lines = missing.map((tool) => `  ${tool.why}; to install it:  ${tool.install}`);
  throw new Error(['Set-up needs what this machine does not have:', ...lines].join('\n'));
}
