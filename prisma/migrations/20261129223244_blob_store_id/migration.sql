-- CreateTable
CREATE TABLE "blob_store" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "store_id" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blob_store_pkey" PRIMARY KEY ("id")
);
