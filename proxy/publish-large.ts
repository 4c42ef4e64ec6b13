import type { ServerReadableStream } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import type { LargeChunk, PublishRequest, PublishResponse } from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Course } from "./calls.ts";
import { bytesOf, type Publishing, publish } from "./publish.ts";
import { checkPayload } from "./queue-request.ts";

const inlineBytes = 4 * 1024 * 1024;
// What a part takes beside its bytes.
const aroundBytes = 256;

/** A payload in parts, of which the first is everything else. Refused as soon as it is too much. */
export async function publishLarge(
  publishing: Publishing,
  call: ServerReadableStream<LargeChunk, PublishResponse>,
  admitted: Admitted,
  { signal }: Course,
): Promise<PublishResponse> {
  const { entry } = admitted.served;
  const parts: Uint8Array[] = [];
  const releases: (() => void)[] = [];
  const whole = Promise.withResolvers<PublishRequest>();
  let header: PublishRequest | undefined;
  let bytes = 0;

  const hold = (more: number): void => void releases.push(publishing.limits.hold(entry, aroundBytes + more));
  const release = (): void => {
    call.removeAllListeners("data");
    for (const give of releases.splice(0)) give();
  };

  const take = ({ chunk }: LargeChunk): void => {
    if (chunk.case === "header") {
      if (header !== undefined || bytes > 0) throw invalid("a header comes first, and once");
      header = chunk.value;
      hold(bytesOf(header));
      if (header.payload.byteLength > 0) throw invalid("a header carries no payload");
    } else if (chunk.case === "data") {
      if (header === undefined) throw invalid("a header comes first, and once");
      bytes += chunk.value.byteLength;
      checkPayload(bytes, entry);
      if (bytes > inlineBytes) throw noClaimCheck();
      hold(chunk.value.byteLength);
      parts.push(chunk.value);
    }
  };

  call.on("data", (chunk: LargeChunk) => {
    try {
      take(chunk);
    } catch (why) {
      whole.reject(why);
    }
  });
  call.on("end", () => {
    if (header === undefined) whole.reject(invalid("a header comes first, and once"));
    else whole.resolve({ ...header, payload: Buffer.concat(parts) });
  });
  signal.addEventListener("abort", () => whole.reject(signal.reason), { once: true });
  try {
    const request = await whole.promise;
    // From here on it is held as any other is.
    release();
    return await publish(publishing, request, admitted);
  } finally {
    release();
  }
}

const invalid = (message: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", message, { details: { field: "chunk" } });

const noClaimCheck = (): PrismError =>
  new PrismError(
    "UNIMPLEMENTED",
    "a payload above 4 MiB needs claim check, which carries it past the broker and is not built yet",
    { details: { missing: "claim-check", limit_bytes: inlineBytes } },
  );
