/**
 * The umask of every process of the service: what it writes, its account alone may read. A child inherits it, so trainers,
 * importers, predictors, Redis and Postgres have it as well.
 */
export const PRIVATE_UMASK = 0o077;
