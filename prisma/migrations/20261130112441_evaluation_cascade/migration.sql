-- AlterTable
ALTER TABLE "evaluation" ADD COLUMN     "cascade" BOOLEAN NOT NULL DEFAULT false;
