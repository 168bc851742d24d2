-- CreateIndex
CREATE INDEX "evaluation_unfinished_idx" ON "evaluation"("id") WHERE (finished_at IS NULL);
