import { readdirSync, readFileSync } from 'node:fs';

export interface HomeProcess {
  readonly pid: number;
  readonly parent: number;
}

/** Every process of the service on a home, by the home in its environment. */
export function processesOf(homeFolder: string): HomeProcess[] {
  const home = `STRATA_HOME=${homeFolder}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!`${readFileSync(`/proc/${name}/environ`, 'utf8')}\0`.includes(home)) return [];
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return [];
      }
    });
}
