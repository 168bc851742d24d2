/** Turns of several API processes at an upload in pieces. */
export interface UploadTurns {
  /**
   * Takes the turn of an upload, and asks its holder to end if another has it.
   * @returns whether it was taken; null where there is no such upload. @throws unavailable
   */
  take(id: string, holder: string): Promise<boolean | null>;
  /** Keeps the turn. @returns whether it is still this holder's, and nobody waits for it. @throws unavailable */
  keep(id: string, holder: string): Promise<boolean>;
  /** Gives the turn back. It may be lost already. @throws unavailable */
  release(id: string, holder: string): Promise<void>;
  /** Ids of the uploads whose turn was taken in the last `ms`. @throws unavailable */
  findActive(ms: number): Promise<ReadonlySet<string>>;
}

/** The turn of a holder that stopped is free after this time. */
export const TURN_MS = 15_000;
