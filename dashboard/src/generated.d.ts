/**
 * What the build writes; declared so that types check on a checkout that was never built. The shape is `Assets`, spelled
 * out: an ambient module cannot name a type by a relative path (the type would silently become an error type).
 */
declare module "*assets.gen.json" {
  const assets: { style: string; script: string; font: string };
  export default assets;
}
