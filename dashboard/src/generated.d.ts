/** What the build writes; declared so that types check on a checkout that was never built. */
declare module "*assets.gen.json" {
  const assets: import("./assets.ts").Assets;
  export default assets;
}
