export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly stage: number | null;
  readonly step: number | null;
  readonly tensor: string | null;
}
