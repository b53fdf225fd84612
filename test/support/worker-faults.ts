/**
 * The product's Worker with bindings that can be told to fail or to be slow, and a queue consumer that can be told to throw: what
 * fault tests run in the local stack (faulty-stack.ts bundles this file).
 * Told by a POST with the host `faults.test`.
 */
import product, { DashboardApi as RealDashboardApi, Recorder as RealRecorder } from "../../workers/index.ts";
import { faultInjectingEnv } from "./worker-fault-injecting-env.ts";
import { FAULTY_BINDINGS, WorkerFaults } from "./faults.ts";

export * from "../../workers/index.ts";

let faults: WorkerFaults = {};
const withFaults = faultInjectingEnv(FAULTY_BINDINGS, injectFault);

export class Recorder extends RealRecorder {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, withFaults(env));
  }
}

export class DashboardApi extends RealDashboardApi {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, withFaults(env));
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (request.headers.get("host") !== "faults.test") return product.fetch(request, withFaults(env), ctx);
    faults = WorkerFaults.parse(await request.json());
    return Response.json(faults);
  },
  async queue(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
    await injectFault("CONSUMER");
    await product.queue(batch, withFaults(env), ctx);
  },
  async scheduled(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
    await product.scheduled(controller, withFaults(env), ctx);
  },
} satisfies ExportedHandler<Env>;

/** Null where nothing is broken. */
function injectFault(name: keyof WorkerFaults): Promise<void> | null {
  const fault = faults[name];
  if (fault === undefined) return null;
  return fault === "fail" ? Promise.reject(new Error(`${name} is down`)) : scheduler.wait(fault);
}
