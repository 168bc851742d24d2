/** The place where a sender and a receiver meet, and their knowledge of each other. */
export interface Meeting {
  readonly sender: string;
  readonly receiver: string;
  readonly port: number;
  /** Messages that may wait at each end, as in a gang. */
  readonly capacity: number;
  /** 64 hex digits, for those that take a secret. */
  readonly secret: string;
  readonly certificate: Certificate;
  /** Folder in which the peers are installed. */
  readonly packages: string;
}

/** In PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

export interface Sending {
  /** Resolves when the next message may be handed over. The bytes must not be used afterwards. */
  send(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface Receiving {
  receive(): Promise<Uint8Array>;
}

/** A way for messages from one process to another. The receiver is made first. */
export interface Transport {
  makeReceiver(meeting: Meeting): Promise<Receiving>;
  makeSender(meeting: Meeting): Promise<Sending>;
}

/** Room for a number of messages under way. */
export class Room {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(capacity: number) {
    this.#free = capacity;
  }

  async take(): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

/** Messages that have come and were not read yet. */
export class Inbox implements Receiving {
  readonly #messages: Uint8Array[] = [];
  #reader: ((message: Uint8Array) => void) | null = null;

  /** @param onRead called with the number of messages that are left */
  constructor(private readonly onRead: (left: number) => void = () => undefined) {}

  /** @returns the number of messages that wait now */
  put(message: Uint8Array): number {
    const reader = this.#reader;
    this.#reader = null;
    if (reader) reader(message);
    else this.#messages.push(message);
    return this.#messages.length;
  }

  async receive(): Promise<Uint8Array> {
    const message = this.#messages.shift();
    if (!message) {
      return new Promise((resolve) => {
        this.#reader = resolve;
      });
    }
    this.onRead(this.#messages.length);
    return message;
  }
}
