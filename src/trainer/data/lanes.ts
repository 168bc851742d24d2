/**
 * Runs `body` for 0..count-1, at most `lanes` at a time, and one at a time per lane. After an error it waits for
 * the running ones, then throws it.
 */
export async function inLanes(
  count: number,
  lanes: number,
  body: (index: number, lane: number) => void | Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (lane: number): Promise<void> => {
    try {
      while (next < count) await body(next++, lane);
    } catch (error) {
      // The lanes start no further item.
      next = count;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => run(lane)));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
