/** Runs the body of a command. An error is shown as its message; with LOG_LEVEL=debug, also with its stack. */
export async function runCommand(body: () => Promise<void>): Promise<never> {
  try {
    await body();
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    console.error(`\n✗ ${process.env.LOG_LEVEL === 'debug' ? stack : message}`);
    process.exitCode = 1;
  }
  // Explicit, because an aborted part of setup may still run.
  process.exit();
}
