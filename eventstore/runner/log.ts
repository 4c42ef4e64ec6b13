export type ProjectionLog = Readonly<
  Record<"info" | "warn" | "error", (fields: object, message: string) => void>
>;
