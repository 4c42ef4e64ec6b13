import { text } from "node:stream/consumers";

export const readStandardInput = (): Promise<string> => text(process.stdin);
