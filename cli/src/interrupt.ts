import { EXIT } from './exit.js';

type Handler = () => void;
let current: Handler | undefined;

/** Ctrl-C ends the command at once, with 130, after the handler that `saying` has set. */
export function exitOnInterrupt(): void {
  process.on('SIGINT', () => {
    current?.();
    process.exit(EXIT.detached);
  });
}

/** Sets the handler of Ctrl-C in place of the one before. It must not wait for anything. */
export function saying(handler: Handler | undefined): void {
  current = handler;
}
