import { useEffect, useState } from 'react';
import { type Schemas, strata } from '../../server.js';
import type { SpecValue } from './value.js';

/** Time without a change after which the spec is checked. */
const QUIET_MS = 400;

export interface DryRun {
  /** The job that the spec would create; the last one that was valid. */
  readonly job: Schemas['Job'] | null;
  readonly error: unknown;
  readonly isChecking: boolean;
}

/** Checks a spec by a dry run once it has not changed for a moment. */
export function useDryRun(spec: SpecValue): DryRun {
  const [run, setRun] = useState<DryRun>({ job: null, error: null, isChecking: false });
  const text = JSON.stringify(spec);
  useEffect(() => {
    let isStale = false;
    const check = async () => {
      setRun((before) => ({ ...before, isChecking: true }));
      try {
        const job = await strata.jobs.check(JSON.parse(text));
        if (!isStale) setRun({ job, error: null, isChecking: false });
      } catch (error) {
        if (!isStale) setRun(({ job }) => ({ job, error, isChecking: false }));
      }
    };
    const timer = setTimeout(() => void check(), QUIET_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [text]);
  return run;
}
