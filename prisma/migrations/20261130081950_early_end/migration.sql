-- AlterTable
ALTER TABLE "job" ADD COLUMN     "early_end" JSONB;
