-- CreateTable
CREATE TABLE "tracker_export" (
    "id" TEXT NOT NULL,
    "job_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "tracking_uri" TEXT NOT NULL,
    "experiment" TEXT NOT NULL,
    "authorization" TEXT,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "run_id" TEXT,
    "run_url" TEXT,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "tracker_export_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "tracker_export_state_due_at_idx" ON "tracker_export"("state", "due_at");

-- CreateIndex
CREATE UNIQUE INDEX "tracker_export_job_id_type_tracking_uri_experiment_key" ON "tracker_export"("job_id", "type", "tracking_uri", "experiment");

-- AddForeignKey
ALTER TABLE "tracker_export" ADD CONSTRAINT "tracker_export_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
