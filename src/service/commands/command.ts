/** Runs a command's body. What it throws is shown as its message; LOG_LEVEL=debug shows the stack too. */
export async function runCommand(body: () => Promise<void>): Promise<never> {
  try {
    await body();
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    console.error(`\n✗ ${process.env.LOG_LEVEL === 'debug' ? stack : message}`);
    process.exitCode = 1;
  }
  // Explicit: a part of set-up that was given up may still run.
  process.exit();
}
