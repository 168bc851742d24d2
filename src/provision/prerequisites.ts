import { works } from './exec.js';

/** Tools that setup needs from the machine, and how to install them. */
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

/** Throws an error that names all missing tools, with the commands to install them. */
export async function requireTools(...names: Prerequisite[]): Promise<void> {
  const found = await Promise.all(names.map((name) => PREREQUISITES[name].found()));
  const missing = names.filter((_, index) => !found[index]).map((name) => PREREQUISITES[name]);
  if (missing.length === 0) return;
  const lines = missing.map((tool) => `  ${tool.why}; to install it:  ${tool.install}`);
  throw new Error(['Setup needs tools that this machine does not have:', ...lines].join('\n'));
}
