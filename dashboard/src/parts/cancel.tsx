import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { Problem } from './problem.js';

interface CancelProps {
  /** Asks the server. */
  readonly cancel: () => Promise<unknown>;
  /** Key of the data that it changes. */
  readonly changed: QueryKey;
}

/** A button that cancels what workers are making. */
export function Cancel({ cancel, changed }: CancelProps) {
  const queries = useQueryClient();
  const { mutate, error, isPending } = useMutation({
    mutationFn: cancel,
    onSuccess: () => queries.invalidateQueries({ queryKey: changed }),
  });
  return (
    <>
      <button type="button" disabled={isPending} onClick={() => mutate()}>
        Cancel
      </button>
      <Problem error={error} />
    </>
  );
}
