interface Props {
  readonly offset: number;
  readonly size: number;
  readonly total: number;
  readonly go: (offset: number) => void;
}

/** `1 to 24 of 312`, and the way to the pages before and after. */
export function Pager({ offset, size, total, go }: Props) {
  if (total === 0) return null;
  return (
    <div className="actions pager">
      <button type="button" disabled={offset === 0} onClick={() => go(Math.max(0, offset - size))}>
        Back
      </button>
      <span className="quiet">
        {(offset + 1).toLocaleString()} to {Math.min(total, offset + size).toLocaleString()} of{' '}
        {total.toLocaleString()}
      </span>
      <button type="button" disabled={offset + size >= total} onClick={() => go(offset + size)}>
        Next
      </button>
    </div>
  );
}
