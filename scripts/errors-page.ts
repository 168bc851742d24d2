import { writeFileSync } from 'node:fs';
import { renderErrorsPage } from '../src/contract/errors-page.js';

/** Writes docs/errors.md from the catalogue. */
writeFileSync(new URL('../docs/errors.md', import.meta.url), renderErrorsPage());
