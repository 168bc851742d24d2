// A child for the supervisor's tests: ready at once, unless told otherwise by FIXTURE.
const mode = process.env.FIXTURE;
if (mode === 'dies') process.exit(3);
if (mode === 'stubborn') process.on('SIGTERM', () => {});
process.send?.({ type: 'ready', port: process.pid });
setInterval(() => {}, 60_000);
