import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Event } from '../../client/src/index.js';
import { strata } from './server.js';

/** Minimum time between two reads of a job whose events arrive. */
const REST_MS = 1_000;
/** Number of events that a page keeps: a job may have tens of thousands. */
const KEPT = 500;

export interface LiveJob {
  /** The newest events, newest first. */
  readonly events: readonly Event[];
  /** Time of the last sign of life of the server; null before the first. */
  readonly asOf: Date | null;
}

/**
 * Follows the events of a job while the page is visible, and reads the job again after them. A hidden page closes its
 * stream, because browsers allow six connections to a server.
 */
export function useLiveJob(id: string): LiveJob {
  const queries = useQueryClient();
  const [live, setLive] = useState<LiveJob>({ events: [], asOf: null });
  const isVisible = useVisible();
  useEffect(() => {
    if (!isVisible) return;
    const closing = new AbortController();
    const refresh = atMostEvery(REST_MS, () => void queries.invalidateQueries({ queryKey: ['job', id] }));
    const follow = async () => {
      let events: readonly Event[] = [];
      for await (const event of strata.jobs.follow(id, { signal: closing.signal })) {
        events = [event, ...events].slice(0, KEPT);
        setLive({ events, asOf: new Date() });
        refresh.call();
      }
      refresh.call();
    };
    // The queries of the job show why it cannot be read.
    follow().catch(() => undefined);
    return () => {
      closing.abort();
      refresh.cancel();
    };
  }, [id, isVisible, queries]);
  return live;
}

function useVisible(): boolean {
  const [isVisible, setVisible] = useState(document.visibilityState === 'visible');
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return isVisible;
}

/** Calls `run` now, and once more after a rest in which further calls came. */
function atMostEvery(restMs: number, run: () => void): { call(): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const call = () => {
    if (timer !== undefined) {
      again = true;
      return;
    }
    run();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) {
        again = false;
        call();
      }
    }, restMs);
  };
  return { call, cancel: () => clearTimeout(timer) };
}

/** The time of the browser, `everyMs` milliseconds apart while `isRunning`. */
export function useNow(isRunning: boolean, everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [isRunning, everyMs]);
  return now;
}
