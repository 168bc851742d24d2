/**
 * A signal that aborts with `signal`, or after `ms` with a TimeoutError. Its clock keeps it alive until then:
 * `AbortSignal.any` holds an `AbortSignal.timeout` weakly, so one that was collected never fired, and its waiter waited for ever.
 */
export function within(ms: number, signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const clock = setTimeout(
    () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    ms,
  );
  clock.unref();
  const pass = () => {
    clearTimeout(clock);
    controller.abort(signal.reason);
  };
  if (signal.aborted) pass();
  else signal.addEventListener('abort', pass, { once: true, signal: controller.signal });
  return controller.signal;
}
