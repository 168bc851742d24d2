-- AlterTable
ALTER TABLE "job" ADD COLUMN     "budget_spent_at" TIMESTAMPTZ(3);
