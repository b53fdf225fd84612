/** What the build writes; declared so that types check on a checkout that was never built. */
declare module "*assets.gen.json" {
  import type { Assets } from "./assets.ts";
  const assets: Assets;
  export default assets;
}
