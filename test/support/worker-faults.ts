/**
 * The product's Worker with bindings that fail or are slow on request, and a queue consumer that throws on request: fault tests
 * run it in the local stack (faulty-stack.ts bundles this file). A POST with the host `faults.test` sets the faults.
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

/** Null where the binding has no fault. */
function injectFault(name: keyof WorkerFaults): Promise<void> | null {
  const fault = faults[name];
  if (fault === undefined) return null;
  return fault === "fail" ? Promise.reject(new Error(`${name} is down`)) : scheduler.wait(fault);
}
