type Closer = () => void | Promise<void>;

/** The files and tensors that a task has open. Each is registered as it is opened, so that no error can come between. */
export class Owned {
  readonly #closers: Closer[] = [];

  add<T>(resource: T, close: (resource: T) => void | Promise<void>): T {
    this.#closers.push(() => close(resource));
    return resource;
  }

  /** Closes all, the last one first; an error in one does not keep the others open. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const closer of this.#closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Runs `body`, and closes what it registered however it ends. */
export async function withOwned<T>(body: (owned: Owned) => Promise<T>): Promise<T> {
  const owned = new Owned();
  try {
    return await body(owned);
  } finally {
    await owned.close();
  }
}
