-- AlterTable
ALTER TABLE "task" ADD COLUMN     "slots" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "trainer_seconds" JSONB;
