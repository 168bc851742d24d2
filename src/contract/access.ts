/** Who asks, and what they may. */

/** The owner of everything that is made without a key, and of keys made without naming another. */
export const DEFAULT_TENANT = 'default';
