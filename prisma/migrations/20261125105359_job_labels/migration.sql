-- DropIndex
DROP INDEX "job_metadata_idx";

-- CreateTable
CREATE TABLE "job_label" (
    "tenant" TEXT NOT NULL,
    "label" BIGINT NOT NULL,
    "job_id" TEXT NOT NULL,

    CONSTRAINT "job_label_pkey" PRIMARY KEY ("tenant","label","job_id")
);

-- CreateIndex
CREATE INDEX "job_label_job_id_idx" ON "job_label"("job_id");

-- AddForeignKey
ALTER TABLE "job_label" ADD CONSTRAINT "job_label_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- 64 bits of a sha256: the same on every version of Postgres, which its own hashes are not.
CREATE FUNCTION metadata_label(key TEXT, value TEXT) RETURNS BIGINT LANGUAGE SQL IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || left(encode(sha256(convert_to(length(key) || ':' || key || value, 'UTF8')), 'hex'), 16))::bit(64)::bigint
$$;

-- By a trigger, so that a job never lacks its labels, whoever stores it: processes of the version before this one too.
CREATE FUNCTION add_job_labels() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_label (tenant, label, job_id)
  SELECT DISTINCT NEW.tenant, metadata_label(key, value), NEW.id FROM jsonb_each_text(NEW.metadata);
  RETURN NULL;
END
$$;

CREATE TRIGGER job_labels AFTER INSERT ON job FOR EACH ROW WHEN (NEW.metadata <> '{}'::jsonb)
  EXECUTE FUNCTION add_job_labels();

INSERT INTO job_label (tenant, label, job_id)
SELECT DISTINCT tenant, metadata_label(key, value), id FROM job, jsonb_each_text(metadata);
