export type TargetName = "direct" | "bare" | "nexus";

export interface Target {
  name: TargetName;
  port: number;
  /** Of workerd; null for the upstream itself. */
  pid: number | null;
  /** What a client has to send beside Claude's own headers. */
  headers: Record<string, string>;
  stop(): Promise<void>;
}
