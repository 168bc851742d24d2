import { useEffect, useState } from 'react';

const QUERY = '(prefers-color-scheme: dark)';

/** The theme of the system. Canvases are drawn again when it changes: unlike styles, they do not follow by themselves. */
export function useTheme(): 'light' | 'dark' {
  const [isDark, setDark] = useState(() => window.matchMedia(QUERY).matches);
  useEffect(() => {
    const query = window.matchMedia(QUERY);
    const change = () => setDark(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  return isDark ? 'dark' : 'light';
}
