// Compiles src/ to dist/ for container images, whose processes run without a compiler.
import { compileService } from '../compile.js';

await compileService();
