import type { handleUnaryCall, Metadata, StatusObject } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Admission, Admitted } from "./admission.ts";
import type { Crowding } from "./crowding.ts";
import { asPrismError, grpcStatus } from "./grpc-error.ts";
import type { LateRefusals } from "./late-refusals.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Operation } from "./operation.ts";
import { spannedCall } from "./tracing.ts";

type Dependencies = {
  readonly admission: Admission;
  readonly limits: Limits;
  readonly lateRefusals: LateRefusals;
  readonly crowding: Crowding;
  readonly metrics: Metrics;
  readonly log: Log;
};

/** What the streams of grpc-js have in common. */
type AnyCall = {
  readonly metadata: Metadata;
  getPeer(): string;
  on(event: "cancelled", listener: () => void): unknown;
};
type StreamCall = AnyCall & { end(): unknown; emit(event: "error", status: unknown): boolean };

/** How grpc-js takes the one answer of many questions. */
type Answered<Out> = (error: Partial<StatusObject> | null, response?: Out | null) => void;

export interface Calls {
  unary<In, Out>(
    operation: Operation,
    answer: (request: In, admitted: Admitted) => Promise<Out>,
  ): handleUnaryCall<In, Out>;
  /** Ends with what `talk` resolves or rejects with. */
  stream<Call extends StreamCall>(
    operation: Operation,
    talk: (call: Call, admitted: Admitted, course: Course) => Promise<void>,
  ): (call: Call) => void;
  /** Many questions, one answer. */
  upload<Call extends AnyCall, Out>(
    operation: Operation,
    answer: (call: Call, admitted: Admitted, course: Course) => Promise<Out>,
  ): (call: Call, callback: Answered<Out>) => void;
  /** Throws why a call that was let in may not be done: access was lost, or this proxy leaves. For what has waited. */
  check(admitted: Admitted): void;
  /** Ends streams whose caller has lost access, or that may no longer be served. */
  recheck(): void;
  /** Ends every stream, and refuses whatever comes after until it is reopened. */
  endAll(why: PrismError): void;
  reopen(): void;
}

/** How a stream goes on. */
export type Course = {
  /** Aborts when the call has to end, with why as its reason. */
  readonly signal: AbortSignal;
  /** It was not refused: from now on it counts as a success, however it ends. */
  readonly opened: () => void;
  /** Whether the client has gone without a word. */
  readonly vanished: () => boolean;
  /** One question of many, answered with `status`. */
  readonly counted: (status: string, startedAt: number) => void;
};

type OpenStream = { readonly admitted: Admitted; readonly end: (why: unknown) => void };

/** What is the same for every call: admission, counting, log, errors, and the end of streams. */
export function calls({ admission, limits, lateRefusals, crowding, metrics, log }: Dependencies): Calls {
  const open = new Set<OpenStream>();
  let leaving: PrismError | undefined;

  const logged = (operation: Operation, namespace: string, startedAt: number, error: unknown): void => {
    const failure = asPrismError(error);
    const { api, name } = operation;
    const latencyMs = performance.now() - startedAt;
    const line = { namespace, api, operation: name, latency_ms: latencyMs, code: failure.code };
    // Only what we have to act on is an error of ours; a caller's is theirs to see.
    if (failure.advice === "report") log.error({ ...line, err: failure.cause ?? failure }, failure.message);
    else log.debug(line, failure.message);
  };

  /** What it takes to answer is counted as its namespace's work, too. */
  const reply = (namespace: string, answer: () => void): void => {
    const began = performance.now();
    answer();
    metrics.worked(namespace, performance.now() - began);
  };

  const refuse = (namespace: string, error: unknown, call: AnyCall, answer: () => void): void => {
    const { code, details } = asPrismError(error);
    if (code !== "RATE_LIMITED" || leaving !== undefined) {
      reply(namespace, answer);
      return;
    }
    const answered = crowding.refused(namespace, call.getPeer(), Number(details["limit_per_second"] ?? 0));
    lateRefusals.refuse(namespace, () => {
      reply(namespace, answer);
      answered();
    });
  };

  /** Also after what it takes to know the caller: nothing begins once it is to leave. */
  const admit = async ({ metadata }: AnyCall, { api, need }: Operation): Promise<Admitted> => {
    if (leaving !== undefined) throw leaving;
    const admitted = await admission.admit(metadata, api, need);
    if (leaving !== undefined) throw leaving;
    return admitted;
  };

  /** What every stream begins with: who calls, a place among the connections, and its end with token and access. */
  const begin = (operation: Operation, call: AnyCall) => {
    const namespace = namespaceOf(call.metadata);
    const ended = new AbortController();
    call.on("cancelled", () => ended.abort(cancelled));
    const run = async <Out>(talk: (admitted: Admitted) => Promise<Out>): Promise<Out> => {
      const admitted = await admit(call, operation);
      // Whoever has gone meanwhile is not heard of again.
      ended.signal.throwIfAborted();
      const end = (why: unknown): void => ended.abort(why);
      const leave = limits.open(admitted.served.entry, admitted.caller.subject, end);
      const stream = { admitted, end };
      const expiry = endAtExpiry(admitted, ended);
      open.add(stream);
      admitted.served.calls.open++;
      try {
        return await talk(admitted);
      } finally {
        clearTimeout(expiry);
        open.delete(stream);
        leave();
        admitted.served.calls.open--;
      }
    };
    const course = {
      signal: ended.signal,
      vanished: () => ended.signal.reason === cancelled,
      counted: (status: string, startedAt: number) =>
        metrics.called(namespace, operation.api, status, secondsSince(startedAt)),
    };
    return { startedAt: performance.now(), namespace, course, run };
  };

  return {
    unary: (operation, answer) => (call, callback) => {
      const startedAt = performance.now();
      const namespace = namespaceOf(call.metadata);
      const run = async () => {
        const admitted = await admit(call, operation);
        admitted.served.calls.open++;
        return answer(call.request, admitted).finally(() => admitted.served.calls.open--);
      };
      spannedCall(operation, call.metadata, run).then(
        (response) => {
          metrics.called(namespace, operation.api, "success", secondsSince(startedAt));
          reply(namespace, () => callback(null, response));
        },
        (error: unknown) => {
          const { code } = asPrismError(error);
          metrics.called(namespace, operation.api, code, secondsSince(startedAt));
          logged(operation, namespace, startedAt, error);
          refuse(namespace, error, call, () => callback(grpcStatus(error)));
        },
      );
    },

    stream: (operation, talk) => (call) => {
      const { startedAt, namespace, course, run } = begin(operation, call);
      let isOpen = false;
      const opened = (): void => {
        isOpen = true;
        metrics.called(namespace, operation.api, "success");
      };
      run((admitted) => talk(call, admitted, { ...course, opened })).then(
        () => call.end(),
        (error: unknown) => {
          if (error === cancelled) return;
          if (!isOpen) metrics.called(namespace, operation.api, asPrismError(error).code);
          logged(operation, namespace, startedAt, error);
          refuse(namespace, error, call, () => call.emit("error", grpcStatus(error)));
        },
      );
    },

    upload: (operation, answer) => (call, callback) => {
      const { startedAt, namespace, course, run } = begin(operation, call);
      const answered = () => run((admitted) => answer(call, admitted, { ...course, opened: () => {} }));
      spannedCall(operation, call.metadata, answered).then(
        (response) => {
          course.counted("success", startedAt);
          callback(null, response);
        },
        (error: unknown) => {
          if (error === cancelled) return;
          course.counted(asPrismError(error).code, startedAt);
          logged(operation, namespace, startedAt, error);
          refuse(namespace, error, call, () => callback(grpcStatus(error)));
        },
      );
    },

    check(admitted) {
      if (leaving !== undefined) throw leaving;
      admission.recheck(admitted);
    },

    recheck() {
      for (const { admitted, end } of [...open]) {
        try {
          admission.recheck(admitted);
        } catch (why) {
          end(why);
        }
      }
    },

    endAll(why) {
      leaving = why;
      for (const { end } of [...open]) end(why);
      lateRefusals.flush();
    },

    reopen() {
      leaving = undefined;
    },
  };
}

/** The client has gone: there is nobody to tell. */
const cancelled = new PrismError("INTERNAL", "the call was cancelled");

const longestTimerMs = 2 ** 31 - 1;

function endAtExpiry({ caller }: Admitted, ended: AbortController): NodeJS.Timeout {
  const why = new PrismError("UNAUTHENTICATED", "the token has expired", {
    // Of a stream whose first answer is still to come nobody could tell otherwise.
    details: { let_in: true, recommendation: "Call again with a new token" },
  });
  const leftMs = Math.min(caller.expiresAt.getTime() - Date.now(), longestTimerMs);
  return setTimeout(() => ended.abort(why), leftMs).unref();
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1_000;

const namespaceOf = (metadata: Metadata): string => metadata.get("prism-namespace")[0]?.toString() ?? "";
