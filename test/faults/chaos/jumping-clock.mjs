// Preloaded into a worker: each SIGUSR2 lets its wall clock jump by an hour, forth and back in turn.
const HOUR_MS = 3_600_000;
const RealDate = Date;
let offsetMs = 0;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offsetMs);
    else super(...args);
  }
  static now() {
    return RealDate.now() + offsetMs;
  }
};
process.on('SIGUSR2', () => {
  offsetMs = offsetMs > 0 ? -HOUR_MS : HOUR_MS;
});
