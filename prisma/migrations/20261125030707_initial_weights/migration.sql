-- AlterTable
ALTER TABLE "job" ADD COLUMN     "initial" JSONB;
