-- AlterTable
ALTER TABLE "job" ADD COLUMN     "requested" JSONB;
