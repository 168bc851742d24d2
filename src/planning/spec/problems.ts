/** Reports an invalid field: its JSON pointer, and how to fix it. */
export type Problems = (pointer: string, message: string) => void;
