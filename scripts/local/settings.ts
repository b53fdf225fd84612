/**
 * The settings of the local stack from the environment. Variables of the Worker (workers/runtime/config.ts) are passed on. An empty
 * variable counts as absent.
 */
import { resolve } from "node:path";
import { Config, IGNORED_VARIABLES } from "../../workers/runtime/config.ts";
import { LocalStackError } from "../lib/local-error.ts";

export interface Settings {
  /** Absolute path of the directory for database, objects and secrets. */
  dataDir: string;
  /** 0: any free port. */
  proxyPort: number;
  dashboardPort: number;
  /** Absent: the embedded Postgres. */
  databaseUrl: string | undefined;
  /** Variables for the Worker, as text. */
  variables: Record<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws a LocalStackError that names an invalid variable. */
export function readSettings(environment: Environment): Settings {
  const proxyPort = port(environment, "PROXY_PORT", 8787);
  const dashboardPort = port(environment, "DASHBOARD_PORT", 8788);
  if (proxyPort === dashboardPort && proxyPort !== 0) {
    throw new LocalStackError(
      `PROXY_PORT and DASHBOARD_PORT are both ${proxyPort}: give them different ports.`,
    );
  }
  return {
    dataDir: resolve(environment.DATA_DIR || ".data"),
    proxyPort,
    dashboardPort,
    databaseUrl: environment.DATABASE_URL || undefined,
    variables: workerVariables(environment),
  };
}

/** The variables that the Worker reads or warns about. */
function workerVariables(environment: Environment): Record<string, string> {
  const names = [...Object.keys(Config.shape), ...Object.keys(IGNORED_VARIABLES)];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value ? [[name, value]] : [];
    }),
  );
}

function port(environment: Environment, name: string, byDefault: number): number {
  const value = environment[name];
  if (!value) return byDefault;
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) {
    throw new LocalStackError(
      `${name} is "${value}": expected a port between 1 and 65535, or 0 for any free one.`,
    );
  }
  return Number(value);
}
