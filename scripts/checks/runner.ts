/** One thing that must hold of the tree. */
export interface Check {
  readonly name: string;
  /** A line for each problem; none when all is well. */
  run(): Promise<readonly string[]>;
}

export interface CheckResult {
  readonly name: string;
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Runs all checks, `width` at a time and in their order, and reports each as it ends. A check that throws has failed. */
export async function runChecks(
  checks: readonly Check[],
  width: number,
  onResult: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const waiting = [...checks];
  const results: CheckResult[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const result = await runCheck(check);
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}

async function runCheck({ name, run }: Check): Promise<CheckResult> {
  const started = performance.now();
  const problems = await run().catch((error: unknown) => [
    error instanceof Error ? error.message : String(error),
  ]);
  return { name, problems, seconds: (performance.now() - started) / 1000 };
}
