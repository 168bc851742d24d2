// npm run test:faults: every cell of the fault matrix, where npm test takes a sample. SEED repeats a schedule.
process.env.FAULTS = 'all';
process.argv.splice(2, Number.POSITIVE_INFINITY, 'faults/');
await import('../run.js');
