/** Before the end-to-end tests: the product is built once, so that no world has to, and none while another starts. */
import { build } from "../../scripts/lib/build.ts";

export async function setup(): Promise<void> {
  await build();
}
