-- AlterTable
ALTER TABLE "sweep_trial" ADD COLUMN     "reached" JSONB NOT NULL DEFAULT '[]';
