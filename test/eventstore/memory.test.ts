import { memoryEventStore } from "../../eventstore/memory.ts";
import { appendCases } from "./conformance/append.ts";
import { concurrencyCases } from "./conformance/concurrency.ts";
import { idempotencyCases } from "./conformance/idempotency.ts";
import { readAllCases } from "./conformance/read-all.ts";
import { shortReadStreamCases } from "./conformance/read-stream.ts";
import { clockCases, soakCases } from "./conformance/soak.ts";
import { conform, type Subject } from "./conformance/subject.ts";
import { subscriptionCases } from "./conformance/subscriptions.ts";

const memorySubject = async (): Promise<Subject & { dispose(): Promise<void> }> => {
  const store = memoryEventStore();
  return {
    store,
    // One log in one process: another client is another name for it. A clock makes a log of its own.
    open: (options) => (options?.clock ? memoryEventStore(options) : { ...store, close: async () => {} }),
    idempotent: "always",
    dispose: () => store.close(),
  };
};

conform("memory: append", memorySubject, appendCases);
conform("memory: idempotency", memorySubject, idempotencyCases);
conform("memory: concurrency", memorySubject, concurrencyCases);
conform("memory: one stream", memorySubject, shortReadStreamCases);
conform("memory: the log", memorySubject, readAllCases);
conform("memory: subscriptions", memorySubject, subscriptionCases);
conform("memory: time", memorySubject, clockCases);
conform("memory: soak", memorySubject, soakCases(0.2));
