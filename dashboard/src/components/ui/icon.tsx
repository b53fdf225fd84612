/** Icons: Lucide's drawings inline at 16 px. With a label they are an image, without one decoration. */
import { raw } from "hono/html";
import { DRAWINGS } from "./icon-drawings.ts";

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name, label, kind = "" }: { name: IconName; label?: string; kind?: string }) {
  const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return (
    <svg class={`icon ${kind}`.trim()} viewBox="0 0 24 24" width="16" height="16" {...named}>
      {raw(DRAWINGS[name])}
    </svg>
  );
}
