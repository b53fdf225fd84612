/**
 * The product's Worker with a clock that is set by a request header: the demo replays past traffic through the regular code.
 * Bundled by demo.ts only.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import product from "../../../workers/index.ts";
import { CLOCK_HEADER, clockOf } from "./clock.ts";

export * from "../../../workers/index.ts";

const clockOfRequest = new AsyncLocalStorage<() => number>();
const machineNow = Date.now.bind(Date);
Date.now = () => clockOfRequest.getStore()?.() ?? machineNow();

export default {
  ...product,
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const clock = clockOf(request.headers.get(CLOCK_HEADER));
    if (clock === null) return product.fetch(request, env, ctx);
    const began = machineNow();
    const now = () => Math.round(clock.at + (machineNow() - began) * clock.rate);
    return clockOfRequest.run(now, () => product.fetch(request, env, ctx));
  },
} satisfies ExportedHandler<Env>;
