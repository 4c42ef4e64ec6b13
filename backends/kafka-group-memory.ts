import { type Admin, ConfigResourceTypes } from "@platformatic/kafka";

const setting = "offsets.retention.minutes";
// What a namespace may keep without anybody's approval: 365 days.
const enoughMinutes = 365 * 24 * 60;

/**
 * A warning where brokers forget a group that has had no members for less than messages may be kept for it: it
 * then begins anew, and passes by what it has not read. `undefined`: they do not, or nobody may ask them.
 */
export async function groupMemory(admin: Admin): Promise<string | undefined> {
  try {
    const { brokers } = await admin.metadata({ topics: [] });
    const resources = [...brokers.keys()].map((id) => ({
      resourceType: ConfigResourceTypes.BROKER,
      resourceName: String(id),
    }));
    const described = await admin.describeConfigs({ resources });
    const minutes = described
      .flatMap(({ configs }) => configs.filter(({ name }) => name === setting))
      .map(({ value }) => Number(value));
    const least = Math.min(...minutes);
    if (least >= enoughMinutes) return undefined;
    return `forgets a group that has had no members for ${least} minutes, and it misses what it has not read: set ${setting}=2147483647`;
  } catch {
    return undefined;
  }
}
