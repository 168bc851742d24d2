-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "draining_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "dispatcher" ADD COLUMN     "version" TEXT NOT NULL DEFAULT '';
