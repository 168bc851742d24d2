import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useRef, useState } from 'react';
import { listenToEvents } from './one-stream.js';

/** Minimum time between two reads of what events have changed. */
const REST_MS = 1_000;

/** Time of the last sign of life of the server; null before the first. */
export const AsOf = createContext<Date | null>(null);
export const useAsOf = (): Date | null => useContext(AsOf);

/**
 * Follows the events of all jobs while the page is visible, and reads again what they have changed: the job, the lists of
 * jobs, and the workers. A page that becomes visible again reads everything that it shows.
 * @returns the value of `AsOf`
 */
export function useLiveEvents(isSignedIn: boolean): Date | null {
  const queries = useQueryClient();
  const [asOf, setAsOf] = useState<Date | null>(null);
  const isVisible = useVisible();
  const wasHidden = useRef(false);
  useEffect(() => {
    if (!isVisible || !isSignedIn) return;
    const changed = new Set<string>();
    const refresh = atMostEvery(REST_MS, () => {
      for (const id of changed) void queries.invalidateQueries({ queryKey: ['job', id] });
      if (changed.size > 0)
        for (const key of ['jobs', 'workers']) void queries.invalidateQueries({ queryKey: [key] });
      changed.clear();
      setAsOf(new Date());
    });
    if (wasHidden.current) void queries.invalidateQueries();
    wasHidden.current = false;
    const close = listenToEvents({
      onEvent({ job_id: id }) {
        changed.add(id);
        refresh.call();
      },
      onAlive: refresh.call,
    });
    return () => {
      close();
      refresh.cancel();
      wasHidden.current = true;
    };
  }, [isVisible, isSignedIn, queries]);
  return asOf;
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
