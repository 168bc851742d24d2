/** The page of a name. Names may have any characters, so that they stand in the query. */
export const registryPage = (name: string): string => `/registry?name=${encodeURIComponent(name)}`;
