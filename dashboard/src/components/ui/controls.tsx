/** Buttons, links that look like buttons, callouts, titles of cards, and cards that unfold. */
import type { Child } from "hono/jsx";
import { Icon } from "./icon.tsx";

export type Tone = "primary" | "danger" | "quiet" | "plain";

export function SubmitButton({ label, tone = "primary" }: { label: string; tone?: Tone }) {
  return (
    <button class={tone} type="submit">
      {label}
    </button>
  );
}

export function ButtonLink({ href, label, rel }: { href: string; label: string; rel?: "next" }) {
  return (
    <a class="button" href={href} rel={rel}>
      {label}
    </a>
  );
}

/** The outcome of an action. */
export function Callout({ tone, text }: { tone: "good" | "error"; text: string }) {
  return (
    <p class={`callout ${tone}`} role="status">
      <Icon name={tone === "good" ? "check" : "warning"} />
      <span>{text}</span>
    </p>
  );
}

/** The title of a card with what it covers. */
export function CardTitle({ title, note }: { title: string; note: Child }) {
  return (
    <h2>
      {title} <span class="mute">{note}</span>
    </h2>
  );
}

interface FoldCardProps {
  title: string;
  isOpen?: boolean;
  id?: string;
  children?: Child;
}

/** A card for an action that is rare. */
export function FoldCard({ title, isOpen = false, id, children }: FoldCardProps) {
  return (
    <details class="card add" open={isOpen} id={id}>
      <summary>
        <h2>{title}</h2>
      </summary>
      {children}
    </details>
  );
}
