/** Written by scripts/bundle-prompts.ts before each build; absent in a fresh checkout. */
declare module "*/out/prompts.json" {
  const prompts: object[];
  export default prompts;
}
declare module "*/out/analysis-prompts.json" {
  const files: { instructions: string; system: string };
  export default files;
}
