export type TargetName = "direct" | "bare" | "nexus";

export interface Target {
  name: TargetName;
  port: number;
  /** Process id of workerd; null for the upstream. */
  pid: number | null;
  /** Further request headers. */
  headers: Record<string, string>;
  stop(): Promise<void>;
}
