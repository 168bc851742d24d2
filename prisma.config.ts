import { defineConfig } from 'prisma/config';

// `generate` and `validate` look the schema engine up but never run it, and its download is refused on closed
// networks. Only for these two: with a stand-in, `prisma migrate` would report success and do nothing.
if (process.argv.some((argument) => argument === 'generate' || argument === 'validate')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= '/bin/true';
}

export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } });
