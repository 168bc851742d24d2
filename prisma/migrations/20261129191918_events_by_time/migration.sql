-- CreateIndex
CREATE INDEX "event_at_job_id_seq_idx" ON "event"("at", "job_id", "seq");
