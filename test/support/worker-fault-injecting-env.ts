/** Wraps bindings so that a Worker under test can make them fail or be slow. */

/**
 * A wrapper of environments: before each call of one of these bindings it calls `injectFault` (synchronously), and where that
 * returns a promise the call waits for it, or fails with it. Null: the call goes straight through. The same env gives the same object,
 * because the configuration is cached by it.
 */
export function faultInjectingEnv<Name extends keyof Env>(
  names: readonly Name[],
  injectFault: (name: Name) => Promise<void> | null,
): (env: Env) => Env {
  const cache = new WeakMap<Env, Env>();
  return (env) => {
    const known = cache.get(env);
    if (known) return known;
    const wrapped: Env = { ...env };
    for (const name of names)
      Object.assign(wrapped, { [name]: faultInjectingBinding(env[name] as object, () => injectFault(name)) });
    cache.set(env, wrapped);
    return wrapped;
  };
}

function faultInjectingBinding(binding: object, injectFault: () => Promise<void> | null): object {
  return new Proxy(binding, {
    get(inner, method) {
      const value: unknown = Reflect.get(inner, method);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        const call = () => Reflect.apply(value, inner, given) as unknown;
        const fault = injectFault();
        return fault === null ? call() : fault.then(call);
      };
    },
  });
}
