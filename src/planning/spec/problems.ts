/** Takes note of a field at fault: its JSON pointer, and what would be right. */
export type Problems = (pointer: string, message: string) => void;
