/** Promise.all that waits until all have ended: no work goes on behind an error that its caller cleans up after. */
export async function allEnded<T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
