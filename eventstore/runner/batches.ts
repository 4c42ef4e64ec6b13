/**
 * Groups what is there already: a batch ends when it is full or when the next item would have to be waited for.
 * The source is asked for the next item before a batch is handed out, so that it fetches while the batch is worked on.
 */
export async function* batches<T>(source: AsyncIterable<T>, most: number): AsyncGenerator<readonly T[]> {
  const iterator = source[Symbol.asyncIterator]();
  let next = ask(iterator);
  try {
    for (let first = await next; !first.done; first = await next) {
      const batch = [first.value];
      next = ask(iterator);
      const turn = endOfTurn();
      while (batch.length < most) {
        // A failure ends the batch too; it is met when the next one is begun.
        const item = await Promise.race([next, turn]).catch(() => undefined);
        if (item === undefined || item.done) break;
        batch.push(item.value);
        next = ask(iterator);
      }
      yield batch;
    }
  } finally {
    // Not awaited: a source that waits for news answers only once its own signal is aborted.
    iterator.return?.().catch(() => {});
  }
}

function ask<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const next = iterator.next();
  // A failure is met when the item is awaited; until then it must not count as unhandled.
  next.catch(() => {});
  return next;
}

const endOfTurn = (): Promise<undefined> => new Promise((resolve) => setImmediate(() => resolve(undefined)));
