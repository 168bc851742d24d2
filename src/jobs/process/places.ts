export interface Places {
  /** Takes work until every place has some, or there is none. Work goes on after it. */
  fill(): Promise<void>;
  /** Resolves when nothing is in work any more. */
  idle(): Promise<void>;
  /** Takes no more work. */
  close(): void;
}

/**
 * A number of places that do work side by side. A place whose work has ended looks for more at once, so one that takes
 * long holds up no other.
 * @param take the next work, already claimed; null where there is none
 * @param onError hears what `take` throws after a place became free; what the first look throws, `fill` throws
 */
export function openPlaces(
  count: number,
  take: () => Promise<(() => Promise<void>) | null>,
  onError: (error: unknown) => void,
): Places {
  const works = new Set<Promise<void>>();
  let closed = false;
  let looking: Promise<void> | null = null;
  let again = false;

  const begin = (work: () => Promise<void>): void => {
    const running = work()
      .catch(onError)
      .finally(() => {
        works.delete(running);
        fill().catch(onError);
      });
    works.add(running);
  };
  const lookOnce = async (): Promise<void> => {
    while (!closed && works.size < count) {
      const work = await take();
      if (work === null) return;
      begin(work);
    }
  };
  const look = async (): Promise<void> => {
    try {
      do {
        again = false;
        await lookOnce();
      } while (again && !closed);
    } finally {
      looking = null;
    }
  };
  // One look at a time: two would take more than there are places.
  const fill = (): Promise<void> => {
    if (looking) again = true;
    looking ??= look();
    return looking;
  };
  return {
    fill,
    async idle() {
      while (works.size > 0 || looking) await Promise.allSettled([...works, looking]);
    },
    close() {
      closed = true;
    },
  };
}
