/**
 * The product's Worker with bindings that can be told to fail or to be slow, and a queue consumer that can be told to throw: what
 * fault tests run in the local world (faulty-world.ts bundles this file).
 * Told by a POST with the host `faults.test`.
 */
import product, { DashboardApi as RealDashboardApi, Recorder as RealRecorder } from "../../workers/index.ts";
import { BREAKABLE_BINDINGS, WorkerFaults } from "./faults.ts";

export * from "../../workers/index.ts";

let faults: WorkerFaults = {};
const wrapped = new WeakMap<object, Env>();

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
    await suffer("CONSUMER");
    await product.queue(batch, withFaults(env), ctx);
  },
  async scheduled(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
    await product.scheduled(controller, withFaults(env), ctx);
  },
} satisfies ExportedHandler<Env>;

/** The same object for the same env: the configuration is cached by it. */
function withFaults(env: Env): Env {
  const known = wrapped.get(env);
  if (known) return known;
  const faulty: Env = { ...env };
  for (const name of BREAKABLE_BINDINGS) Object.assign(faulty, { [name]: breakable(env[name], name) });
  wrapped.set(env, faulty);
  return faulty;
}

function breakable(binding: object, name: (typeof BREAKABLE_BINDINGS)[number]): object {
  return new Proxy(binding, {
    get(inner, method) {
      const value: unknown = Reflect.get(inner, method);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        if (faults[name] === undefined) return Reflect.apply(value, inner, given);
        return suffer(name).then(() => Reflect.apply(value, inner, given) as unknown);
      };
    },
  });
}

async function suffer(name: keyof WorkerFaults): Promise<void> {
  const fault = faults[name];
  if (fault === "fail") throw new Error(`${name} is down`);
  if (fault !== undefined) await scheduler.wait(fault);
}
