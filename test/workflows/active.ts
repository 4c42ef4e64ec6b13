import { expect } from "vitest";
import type { Play, Wish } from "./play.ts";
import type { Stage } from "./stage.ts";

/** A namespace in service. */
export async function active(stage: Stage, name: string, wish?: Wish): Promise<Play> {
  const play = await stage.create(name, wish);
  expect((await play.ended()).state).toBe("succeeded");
  return play;
}
