import { percent } from '../format.js';

export function Progress({ share, label }: { readonly share: number; readonly label: string }) {
  return (
    <span className="progress">
      <progress max={1} value={share} aria-label={label} />
      {percent(share, 0)}
    </span>
  );
}
