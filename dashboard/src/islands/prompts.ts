/** A prompt is rendered anew, by the API, while its arguments are typed. Without a script, the form's button does it. */
import { CSRF_FIELD } from "../format/form-fields.ts";
import { printable } from "../format/text.ts";

const TYPING_MS = 200;

export function bindPrompts(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-prompt]");
  const output = document.querySelector<HTMLElement>("[data-prompt-text]");
  if (!form || !output) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | undefined;
  const update = () => {
    running?.abort();
    running = new AbortController();
    void render(form, running.signal).then((text) => text && show(output, text));
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, TYPING_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    update();
  });
}

interface Rendered {
  text: string | null;
  error: string | null;
}

/** `null` where a later rendering has replaced it. */
async function render(form: HTMLFormElement, signal: AbortSignal): Promise<Rendered | null> {
  const fields = [...new FormData(form)].filter(
    (field): field is [string, string] => typeof field[1] === "string",
  );
  const values = fields.filter(([name, value]) => name.startsWith("argument.") && value !== "");
  const token = fields.find(([name]) => name === CSRF_FIELD)?.[1] ?? "";
  const body = {
    name: form.dataset.prompt,
    arguments: Object.fromEntries(values.map(([name, value]) => [name.slice("argument.".length), value])),
  };
  try {
    const response = await fetch("/api/mcp/prompts/render", {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": token },
      body: JSON.stringify(body),
      signal,
    });
    if (response.ok) return (await response.json()) as Rendered;
    return { text: null, error: "The prompt could not be rendered. Reload the page." };
  } catch {
    return signal.aborted ? null : { text: null, error: "The dashboard is not reachable." };
  }
}

function show(output: HTMLElement, { text, error }: Rendered): void {
  output.textContent = printable(error ?? text ?? "");
  output.classList.toggle("prompt-error", error !== null);
}
