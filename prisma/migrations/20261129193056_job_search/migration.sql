-- AlterTable
ALTER TABLE "job" ADD COLUMN     "archived_at" TIMESTAMPTZ(3),
ADD COLUMN     "notes" TEXT NOT NULL DEFAULT '';

-- CreateIndex
CREATE INDEX "job_tenant_dataset_id_id_idx" ON "job"("tenant", "dataset_id", "id");

-- CreateIndex
CREATE INDEX "job_listed_idx" ON "job"("tenant", "id") WHERE (archived_at IS NULL);

-- CreateIndex
CREATE INDEX "job_archived_idx" ON "job"("tenant", "id") WHERE (archived_at IS NOT NULL);

-- The words of a job that a search finds. Punctuation separates them: the parser would read `resnet-20` as a word and -20.
CREATE FUNCTION job_words(name TEXT, notes TEXT) RETURNS TSVECTOR LANGUAGE SQL IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector('simple', regexp_replace(name || ' ' || notes, '[!-/:-@[-`{-~]+', ' ', 'g'))
$$;
CREATE INDEX "job_words_idx" ON "job" USING gin (job_words("name", "notes"));

CREATE INDEX "job_accuracy_idx" ON "job" ("tenant", (("result"->>'test_accuracy')::float8), "id") WHERE "result" IS NOT NULL;

CREATE FUNCTION change_job_labels() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM job_label WHERE job_id = NEW.id;
  INSERT INTO job_label (tenant, label, job_id)
  SELECT DISTINCT NEW.tenant, metadata_label(key, value), NEW.id FROM jsonb_each_text(NEW.metadata);
  RETURN NULL;
END
$$;

CREATE TRIGGER job_labels_changed AFTER UPDATE OF metadata ON job FOR EACH ROW
  WHEN (NEW.metadata IS DISTINCT FROM OLD.metadata) EXECUTE FUNCTION change_job_labels();
