/** The privileges that the two roles of the Worker need, as scripts/local/database/roles.ts grants them. */

/** A statement with one row `missing` per privilege that a role lacks: the connected one, unless another is named. */
export function missingRights(role: "writer" | "reader", name?: string): string {
  const who = name === undefined ? "current_user" : `'${name.replaceAll("'", "''")}'`;
  const privileges = role === "writer" ? "'SELECT', 'INSERT', 'UPDATE', 'DELETE'" : "'SELECT'";
  // Partitions are used through their tables, and entries of the audit log are never changed.
  const tables = `select privilege || ' on ' || c.relname as missing
    from pg_class c cross join unnest(array[${privileges}]) as privilege
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and not (c.relname = 'audit_log' and privilege in ('UPDATE', 'DELETE'))
      and not has_table_privilege(${who}, c.oid, privilege)`;
  const functions = `select 'EXECUTE on ' || p.proname from pg_proc p
    where p.pronamespace = 'public'::regnamespace and not has_function_privilege(${who}, p.oid, 'EXECUTE')`;
  // The function fails on other relations, and conditions have no order.
  const sequences = `select 'USAGE on ' || c.relname from pg_class c where c.relnamespace = 'public'::regnamespace
    and case when c.relkind = 'S' then not has_sequence_privilege(${who}, c.oid, 'USAGE') else false end`;
  return role === "writer"
    ? `${tables} union all ${functions} union all ${sequences} order by 1`
    : `${tables} order by 1`;
}
