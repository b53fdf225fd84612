/** One field of a form with its label, its help, and the problem that the API reports for it. */
import type { Child } from "hono/jsx";
import type { Problem } from "../../api/client.ts";
import { Icon } from "./icon.tsx";

interface Props {
  label: string;
  name: string;
  /** The API's name of it: `slack.channel`. Default: the field's own. */
  parameter?: string;
  problem: Problem | null;
  value?: string;
  /** Secrets are never shown again and never filled in by the browser. */
  isSecret?: boolean;
  required?: boolean;
  maxlength?: number;
  placeholder?: string;
  inputmode?: "numeric" | "url" | "text";
  /** Names offered by the browser while typing: id of a datalist. */
  list?: string;
  children?: Child;
}

export function TextField(props: Props) {
  const { label, name, problem, value = "", isSecret = false, children } = props;
  const found = fieldProblem(problem, props.parameter ?? name);
  const helpId = `${name}-help`;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        name={name}
        type={isSecret ? "password" : "text"}
        value={isSecret ? "" : value}
        autocomplete={isSecret ? "new-password" : "off"}
        spellcheck={false}
        required={props.required ?? false}
        {...(props.maxlength ? { maxlength: props.maxlength } : {})}
        {...(props.placeholder ? { placeholder: props.placeholder } : {})}
        {...(props.inputmode ? { inputmode: props.inputmode } : {})}
        {...(props.list ? { list: props.list } : {})}
        {...(found ? { "aria-invalid": "true" } : {})}
        aria-describedby={helpId}
      />
      <small id={helpId}>
        <FieldError problem={problem} parameter={props.parameter ?? name} />
        {children}
      </small>
    </label>
  );
}

/** A key for Claude: typed, sent, sealed, never shown again. */
export function ApiKeyField(props: Pick<Props, "problem" | "required" | "children">) {
  return (
    <TextField
      label="API key"
      name="api_key"
      parameter="credential.api_key"
      isSecret
      maxlength={500}
      placeholder="sk-ant-api03-…"
      {...props}
    />
  );
}

/** Under a field: what is wrong with it, and what would be right. */
export function FieldError({ problem, parameter }: { problem: Problem | null; parameter: string }) {
  const found = fieldProblem(problem, parameter);
  if (!found) return <></>;
  return (
    <span class="field-problem">
      <Icon name="alert" /> This {found.problem}. Expected: {found.allowed}.{" "}
    </span>
  );
}

/** The problem that the API reports for this parameter or a part of it. */
function fieldProblem(problem: Problem | null, parameter: string) {
  return problem?.details?.find(
    (detail) => detail.parameter === parameter || detail.parameter.startsWith(`${parameter}.`),
  );
}

/** Above a form: the problem as a whole, or a pointer to the field where it is shown. */
export function FormError({
  problem,
  parameters = [],
}: {
  problem: Problem;
  parameters?: readonly string[];
}) {
  const isShown = parameters.some((parameter) => fieldProblem(problem, parameter));
  const details = isShown ? [] : (problem.details ?? []);
  return (
    <div class="field-error" role="alert">
      <Icon name="alert" />
      <div>
        <p>{isShown ? "Not saved. Check the highlighted field." : problem.message}</p>
        {details.map((detail) => (
          <p>
            <code>{detail.parameter}</code>: {detail.problem}. Expected: {detail.allowed}
          </p>
        ))}
        <p class="mute">
          Request ID <code>{problem.requestId}</code>
        </p>
      </div>
    </div>
  );
}

/** The name of the object, typed to confirm what cannot be undone. */
export function ConfirmField({ name, children }: { name: string; children?: Child }) {
  return (
    <label class="field">
      <span>
        Type{" "}
        <strong>
          <bdi>{name}</bdi>
        </strong>{" "}
        {children}
      </span>
      <input name="confirm" required autocomplete="off" spellcheck={false} data-confirm={name} />
    </label>
  );
}
