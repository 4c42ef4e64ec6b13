import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";

type Method = MethodDefinition<unknown, unknown>;

/** The method, with requests as the bytes that came: what is refused need not be read. */
export const unread = (method: Method | undefined): Method =>
  ({ ...method, requestDeserialize: (bytes: Buffer) => bytes }) as Method;

export function read<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new PrismError("INVALID_CONFIGURATION", `what was sent is no ${schema.name}`, { cause });
  }
}
