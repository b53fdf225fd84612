/** Builds the product once before the end-to-end tests, so that no local stack has to. */
import { build } from "../../scripts/lib/build.ts";

export async function setup(): Promise<void> {
  await build();
}
