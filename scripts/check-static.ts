/**
 * `npm run check:static`: format, lint, types and unused code, two at a time. Prints what a check has printed once it has ended, and exits
 * with 1 if one has failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** The longest first. Each uses one core. */
const waiting = ["check:lint", "check:types", "check:format", "check:unused"];
const AT_ONCE = 2;

async function run(script: string): Promise<boolean> {
  const started = Date.now();
  const check = spawn(`npm run --silent ${script} 2>&1`, {
    shell: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(check.stdout), once(check, "close") as Promise<[number]>]);
  const seconds = Math.round((Date.now() - started) / 1_000);
  console.log(`${output}${script}: ${code === 0 ? "ok" : "failed"}, ${seconds} s`);
  return code === 0;
}

async function runWaiting(): Promise<boolean> {
  let isOk = true;
  for (let script = waiting.shift(); script; script = waiting.shift()) isOk = (await run(script)) && isOk;
  return isOk;
}

const results = await Promise.all(Array.from({ length: AT_ONCE }, runWaiting));
process.exitCode = results.every(Boolean) ? 0 : 1;
