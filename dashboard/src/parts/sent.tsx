import { percent } from '../format.js';

/** The share of a file that the server has. */
export function Sent({ share }: { readonly share: number | null }) {
  if (share === null) return null;
  return (
    <p role="status">
      <progress max={1} value={share} aria-label="Upload" /> {percent(share, 0)} sent
    </p>
  );
}
