/**
 * A configuration for plain `workerd serve` of the built Worker. Bindings of wrangler.toml become services in the same process that speak
 * the runtime's own protocols, as in Miniflare.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface WorkerdOptions {
  /** Directory for configuration and sources. */
  directory: string;
  port: number;
  variables: Record<string, string>;
  /** Durable Objects are stubs that call the upstream for every call. */
  countsObjects?: boolean | undefined;
}

/** The part of wrangler.toml that is read here. */
interface Bindings {
  compatibility_date?: string | undefined;
  compatibility_flags: string[];
  kv_namespaces: { binding: string }[];
  r2_buckets: { binding: string }[];
  queues: { producers?: { binding: string }[] | undefined };
  durable_objects: { bindings: { name: string; class_name: string }[] };
}

/** For the bare passthrough. Returns the configuration's path. */
export function bareConfig(options: WorkerdOptions): string {
  mkdirSync(options.directory, { recursive: true });
  copyFileSync(join(ROOT, "bench/worker/bare.js"), join(options.directory, "bare.js"));
  const worker = `(modules = [(name = "bare.js", esModule = embed "bare.js")], compatibilityDate = "2026-10-15",
    bindings = [${texts(options.variables)}])`;
  return write(options, [service("main", `worker = ${worker}`)]);
}

/** For the product, with what KV holds. Returns the configuration's path. */
export async function nexusConfig(
  options: WorkerdOptions,
  bundle: string,
  records: Record<string, unknown>,
): Promise<string> {
  const objects = join(options.directory, "objects");
  mkdirSync(objects, { recursive: true });
  copyFileSync(join(ROOT, "bench/worker/stubs.js"), join(options.directory, "stubs.js"));
  copyFileSync(bundle, join(options.directory, "index.js"));
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const wrangler = readConfig({ config: join(ROOT, "wrangler.toml") }, { hideWarnings: true }) as Bindings;
  const stub = (name: string, kind: string, more = "") =>
    service(
      name,
      `worker = (modules = [(name = "stubs.js", esModule = embed "stubs.js")], compatibilityDate = "2026-10-15",
        bindings = [(name = "KIND", text = "${kind}")${more}])`,
    );
  const classes = wrangler.durable_objects.bindings;
  const elsewhere = options.countsObjects ? `, serviceName = "counted"` : "";
  const bindings = [
    texts(options.variables),
    ...wrangler.kv_namespaces.map(({ binding }) => `(name = "${binding}", kvNamespace = "kv")`),
    ...wrangler.r2_buckets.map(({ binding }) => `(name = "${binding}", r2Bucket = "r2")`),
    ...(wrangler.queues.producers ?? []).map(({ binding }) => `(name = "${binding}", queue = "queue")`),
    ...classes.map(
      ({ name, class_name }) =>
        `(name = "${name}", durableObjectNamespace = (className = "${class_name}"${elsewhere}))`,
    ),
  ];
  const namespaces = classes.map(
    ({ class_name }) => `(className = "${class_name}", uniqueKey = "${class_name}", enableSql = true)`,
  );
  const flags = wrangler.compatibility_flags.map((flag) => JSON.stringify(flag));
  const main = `worker = (modules = [(name = "index.js", esModule = embed "index.js")],
    compatibilityDate = "${wrangler.compatibility_date}", compatibilityFlags = [${flags.join(", ")}],
    durableObjectNamespaces = [${namespaces.join(", ")}], durableObjectStorage = (localDisk = "objects"),
    bindings = [${bindings.join(",\n      ")}])`;
  const counted = `worker = (modules = [(name = "object-stubs.js", esModule = embed "object-stubs.js")],
    compatibilityDate = "${wrangler.compatibility_date}", durableObjectStorage = (inMemory = void),
    durableObjectNamespaces = [${namespaces.map((one) => one.replace(", enableSql = true", "")).join(", ")}],
    bindings = [${texts({ UPSTREAM: options.variables["CLAUDE_API_BASE_URL"] ?? "" })}])`;
  copyFileSync(join(ROOT, "bench/worker/object-stubs.js"), join(options.directory, "object-stubs.js"));
  return write(options, [
    service("main", main),
    ...(options.countsObjects ? [service("counted", counted)] : []),
    stub("kv", "kv", `, (name = "RECORDS", json = ${JSON.stringify(JSON.stringify(records))})`),
    stub("r2", "r2"),
    stub("queue", "queue"),
    // Only storage on a disk has SQL.
    service("objects", `disk = (path = ${JSON.stringify(objects)}, writable = true)`),
  ]);
}

const service = (name: string, body: string) => `(name = "${name}", ${body})`;

const texts = (variables: Record<string, string>) =>
  Object.entries(variables)
    .map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`)
    .join(", ");

function write({ directory, port }: WorkerdOptions, services: string[]): string {
  const path = join(directory, "config.capnp");
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  # An isolate on Cloudflare has 128 MB. /workers/platform/limits/#memory
  v8Flags = ["--max-heap-size=128"],
  services = [
    ${services.join(",\n    ")},
    (name = "internet", network = (allow = ["local", "private", "public"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
`,
  );
  return path;
}
