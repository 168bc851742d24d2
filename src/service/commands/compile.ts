// Compiles src/ into dist/: for images, whose processes run without a compiler.
import { compileService } from '../compile.js';

await compileService();
