import proto from "@temporalio/proto";

// The SDK's own historyToJSON needs one copy of protobufjs, and npm installs several.
const { History } = proto.temporal.api.history.v1;

type History = proto.temporal.api.history.v1.IHistory;

/** A workflow's history as JSON that people can read. */
export const written = (history: History): Record<string, unknown> =>
  History.toObject(History.fromObject(history), { longs: String, enums: String, bytes: String });

/** The same, as the SDK replays it. */
export const read = (json: Record<string, unknown>): History => History.fromObject(json);
