-- AlterTable
ALTER TABLE "tracker_export" ADD COLUMN     "sent" JSONB;
