import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

const PLACES: Readonly<Record<string, string>> = {
  j: '/jobs',
  m: '/models',
  r: '/registry',
  e: '/evaluations',
  d: '/datasets',
  w: '/workers',
  s: '/settings',
};

/** `g` and a letter go to a page, `n` to the form, `?` calls `toggleHelp`. Keys in fields stay there. */
export function useShortcuts(toggleHelp: () => void): void {
  const [, go] = useLocation();
  const goes = useRef(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isField = event.target instanceof HTMLElement && event.target.closest('input, select, textarea');
      if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
      const place = goes.current ? PLACES[event.key] : undefined;
      goes.current = event.key === 'g';
      if (place !== undefined) go(place);
      else if (event.key === 'n') go('/jobs/new');
      else if (event.key === '?') toggleHelp();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [go, toggleHelp]);
}
