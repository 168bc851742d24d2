// The fake trainer as a file that Node can run, as it can the compiled trainer.
import '../../support/typescript/register.mjs';

await import('./fake-trainer.ts');
