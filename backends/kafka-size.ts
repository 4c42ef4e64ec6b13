import type { Size } from "./backend.ts";
import type { KafkaAdministration } from "./kafka-resource.ts";
import type { Timed } from "./timed.ts";

export const nothingKept: Size = { bytes: 0, estimated: false };

type Describing = Pick<KafkaAdministration, "admin" | "ask">;

/** What a topic has on the disks of its brokers. Of the replicas of a partition the largest counts: another is behind. */
export async function sizeOnDisk(
  { admin, ask }: Describing,
  topic: { readonly name: string; readonly partitionsCount: number },
  timed: Timed,
): Promise<Size> {
  const { name, partitionsCount } = topic;
  const partitions = Array.from({ length: partitionsCount }, (_, index) => index);
  const brokers = await ask(`say what ${name} takes`, timed, () =>
    admin.describeLogDirs({ topics: [{ name, partitions }] }),
  );
  const replicas = brokers
    .flatMap(({ results }) => results.flatMap(({ topics }) => topics))
    .filter((one) => one.name === name)
    .flatMap((one) => one.partitions)
    // Where a replica is moved to another disk it is there twice for a while.
    .filter(({ isFutureKey }) => !isFutureKey);
  const sizes = new Map<number, number>();
  for (const { partitionIndex, partitionSize } of replicas)
    sizes.set(partitionIndex, Math.max(sizes.get(partitionIndex) ?? 0, Number(partitionSize)));
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), estimated: false };
}
