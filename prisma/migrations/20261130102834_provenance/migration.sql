-- AlterTable
ALTER TABLE "job" ADD COLUMN     "actor" TEXT;

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "runtime" JSONB;

-- AlterTable
ALTER TABLE "model" ADD COLUMN     "provenance" JSONB;
