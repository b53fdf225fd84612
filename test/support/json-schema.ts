/**
 * Validates a value against the JSON Schema of an OpenAPI document, strictly: a member that the schema does not name is a
 * finding too. Validators that compile code cannot run in workerd.
 */
export interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
}

const SUPPORTED_KEYWORDS = new Set(
  "type enum const format properties required additionalProperties items anyOf oneOf allOf description default minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength maxItems pattern propertyNames".split(
    " ",
  ),
);

/** Findings as "path: problem". Throws on unknown keywords. */
export function schemaViolations(value: unknown, schema: JsonSchema, path = "$"): string[] {
  for (const keyword of Object.keys(schema))
    if (!SUPPORTED_KEYWORDS.has(keyword))
      throw new Error(`${path}: the schema says ${keyword}, which is not understood here`);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) {
    const found = branches.map((branch) => schemaViolations(value, branch, path));
    return found.some((list) => list.length === 0) ? [] : (found[0] ?? []);
  }
  const all = (schema.allOf ?? []).flatMap((part) => schemaViolations(value, part, path));
  const types = schema.type === undefined ? null : [schema.type].flat();
  if (types && !types.some((type) => isOfType(value, type)))
    return [...all, `${path}: ${kindOf(value)} instead of ${types.join(" or ")}`];
  if (schema.enum && value !== null && !schema.enum.includes(value))
    return [...all, `${path}: ${JSON.stringify(value)} is not among what is allowed`];
  if ("const" in schema && schema.const !== value)
    return [...all, `${path}: ${JSON.stringify(value)} is not among what is allowed`];
  if (
    schema.format === "date-time" &&
    typeof value === "string" &&
    !/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(value)
  )
    return [...all, `${path}: ${value} is no UTC time with milliseconds`];
  if (Array.isArray(value))
    return [
      ...all,
      ...value.flatMap((item, n) => schemaViolations(item, schema.items ?? {}, `${path}[${n}]`)),
    ];
  if (typeof value === "object" && value !== null) return [...all, ...objectViolations(value, schema, path)];
  return all;
}

function objectViolations(value: object, schema: JsonSchema, path: string): string[] {
  if (!schema.properties && schema.additionalProperties === undefined) return [];
  const properties = schema.properties ?? {};
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  const members = Object.entries(value).flatMap(([name, member]) => {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const rest = schema.additionalProperties;
    if (own) return schemaViolations(member, own, `${path}.${name}`);
    if (typeof rest === "object") return schemaViolations(member, rest, `${path}.${name}`);
    return rest === true ? [] : [`${path}.${name}: is not documented`];
  });
  return [...missing.map((name) => `${path}.${name}: is missing`), ...members];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  return kindOf(value) === type;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
