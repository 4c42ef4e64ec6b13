import { create } from "@bufbuild/protobuf";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import {
  type PublishRequest,
  type PublishResponse,
  PublishResponseSchema,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Course } from "./calls.ts";
import { asPrismError, flatDetails } from "./grpc-error.ts";
import type { Operation } from "./operation.ts";
import { bytesOf, type Publishing, publish } from "./publish.ts";
import { spannedCall } from "./tracing.ts";

// How far a client may be ahead of its answers; then its stream is read no further.
const mostUnanswered = 1_000;
const mostMore = 1_000;
const mostBytes = 8 * 1024 * 1024;
// Long enough for some to be let in together.
const shortestRestMs = 20;
// A thousand a second, as other calls are refused.
const refusalMs = 1;
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
  let restsUntil = 0;

  const inTurn = (work: () => void): void =>
    void publishing.turns.take(admitted.served.entry.namespace, async () => work());

  /** Who sends more than is reserved is read no further for as long: so it costs little to refuse it. */
  const rest = (ms: number): void => {
    const now = performance.now();
    restsUntil = Math.max(restsUntil + refusalMs, now + Math.max(ms, shortestRestMs));
    resting ??= setTimeout(rested, restsUntil - now);
    call.pause();
  };

  /** What was read before it rested may have been refused meanwhile. */
  const rested = (): void => {
    const left = restsUntil - performance.now();
    resting = left > 0 ? setTimeout(rested, left) : undefined;
    resume();
  };

  const resume = (): void => {
    if (resting === undefined && unanswered < mostUnanswered && bytes < mostBytes) call.resume();
  };

  const answer = async (request: PublishRequest): Promise<PublishResponse> => {
    const startedAt = performance.now();
    try {
      const response = await spannedCall(
        item,
        call.metadata,
        () => publish(publishing, request, admitted),
        request.traceparent,
      );
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
    const size = requests.reduce((sum, request) => sum + bytesOf(request), 0);
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
