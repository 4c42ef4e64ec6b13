import { create } from "@bufbuild/protobuf";
import type { ServerDuplexStream, ServerReadableStream } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import {
  type LargeChunk,
  type PublishRequest,
  type PublishResponse,
  PublishResponseSchema,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Course } from "./calls.ts";
import { asPrismError, flatDetails } from "./grpc-error.ts";
import type { Operation } from "./operation.ts";
import { type Publishing, publish } from "./publish.ts";
import { checkPayload } from "./queue-request.ts";
import { spannedCall } from "./tracing.ts";

// How far a client may be ahead of its answers; then its stream is read no further.
const mostUnanswered = 1_000;
const mostMore = 1_000;
const mostBytes = 8 * 1024 * 1024;
// Long enough for some to be let in together.
const shortestRestMs = 20;
const inlineBytes = 4 * 1024 * 1024;
const item: Operation = { api: "queue", name: "PublishStream", need: "write" };

/** Each item is answered in its place, a refused one with its error: that ends nothing. */
export async function publishStream(
  publishing: Publishing,
  call: ServerDuplexStream<PublishRequest, PublishResponse>,
  admitted: Admitted,
  { signal, counted }: Course,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const gone = new Promise<void>((resolve) => call.once("cancelled", resolve));
  let last = Promise.resolve();
  let unanswered = 0;
  let bytes = 0;
  let resting: NodeJS.Timeout | undefined;

  const inTurn = (work: () => void): void =>
    void publishing.turns.take(admitted.served.entry.namespace, async () => work());

  /** Who sends more than is reserved is read no further for as long: so it costs nothing to refuse it. */
  const rest = (ms: number): void => {
    resting ??= setTimeout(
      () => {
        resting = undefined;
        resume();
      },
      Math.max(ms, shortestRestMs),
    );
    call.pause();
  };

  const resume = (): void => {
    if (resting === undefined && unanswered < mostUnanswered && bytes < mostBytes) call.resume();
  };

  const answer = async (request: PublishRequest): Promise<PublishResponse> => {
    const startedAt = performance.now();
    try {
      const response = await spannedCall(item, call.metadata, () => publish(publishing, request, admitted));
      counted("success", startedAt);
      return response;
    } catch (error) {
      const { code, message, details } = asPrismError(error);
      counted(code, startedAt);
      if (code === "RATE_LIMITED") rest(Number(details["retry_after_ms"]));
      return create(PublishResponseSchema, { error: { code, message, details: flatDetails(details) } });
    }
  };

  const write = async (responses: readonly PublishResponse[], size: number): Promise<void> => {
    if (call.cancelled) return;
    if (!call.write(packed(responses))) await Promise.race([drained(call), gone]);
    unanswered -= responses.length;
    bytes -= size;
    resume();
  };

  call.on("data", (frame: PublishRequest) => {
    const requests = unpacked(frame);
    const size = requests.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    unanswered += requests.length;
    bytes += size;
    if (unanswered >= mostUnanswered || bytes >= mostBytes) call.pause();
    inTurn(() => {
      const answered = Promise.all(requests.map(answer));
      last = last.then(async () => write(await answered, size));
    });
  });
  call.on("end", () => inTurn(() => void last.then(ended.resolve, ended.reject)));
  // What was taken is answered first: whoever is not answered knows that nothing was done.
  const stop = (): void => {
    call.removeAllListeners("data");
    inTurn(() => void last.finally(() => ended.reject(signal.reason)));
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  await ended.promise.finally(() => clearTimeout(resting));
}

/** What a frame carries, each as if it had come by itself. Of too many nothing is taken: they are refused as one. */
function unpacked(frame: PublishRequest): readonly PublishRequest[] {
  const { more } = frame;
  return more.length === 0 || more.length > mostMore ? [frame] : [{ ...frame, more: [] }, ...more];
}

/** As many together as came together. */
function packed([first, ...more]: readonly PublishResponse[]): PublishResponse {
  const frame = first ?? create(PublishResponseSchema);
  frame.more = more;
  return frame;
}

const drained = (call: ServerDuplexStream<PublishRequest, PublishResponse>): Promise<void> =>
  new Promise((resolve) => call.once("drain", resolve));

/** A payload in parts, of which the first is everything else. Refused as soon as it is too much. */
export async function publishLarge(
  publishing: Publishing,
  call: ServerReadableStream<LargeChunk, PublishResponse>,
  admitted: Admitted,
  { signal }: Course,
): Promise<PublishResponse> {
  const parts: Uint8Array[] = [];
  const whole = Promise.withResolvers<PublishRequest>();
  let header: PublishRequest | undefined;
  let bytes = 0;

  const take = ({ chunk }: LargeChunk): void => {
    if (chunk.case === "header") {
      if (header !== undefined || bytes > 0) throw invalid("a header comes first, and once");
      header = chunk.value;
      if (header.payload.byteLength > 0) throw invalid("a header carries no payload");
    } else if (chunk.case === "data") {
      if (header === undefined) throw invalid("a header comes first, and once");
      bytes += chunk.value.byteLength;
      checkPayload(bytes, admitted.served.entry);
      if (bytes > inlineBytes) throw noClaimCheck();
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
  return publish(publishing, await whole.promise, admitted);
}

const invalid = (message: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", message, { details: { field: "chunk" } });

const noClaimCheck = (): PrismError =>
  new PrismError(
    "UNIMPLEMENTED",
    "a payload above 4 MiB needs claim check, which carries it past the broker and is not built yet",
    { details: { missing: "claim-check", limit_bytes: inlineBytes } },
  );
